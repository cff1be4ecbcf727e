"""What every object with an id has, and the page information of every connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeAlias, TypeVar

import strawberry

from together.api.pages import Key, Page


@strawberry.interface(description="Something with an id of its own.")
class Node:
    id: strawberry.ID = strawberry.field(
        description="Names it for good. Opaque: do not read anything from it."
    )


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether more follows this page.")
    has_previous_page: bool = strawberry.field(description="Whether more comes before this page.")
    start_cursor: str | None = strawberry.field(
        description="The cursor of the first edge; null on an empty page."
    )
    end_cursor: str | None = strawberry.field(
        description="The cursor of the last edge; null on an empty page."
    )


T = TypeVar("T")

First: TypeAlias = Annotated[
    int | None,
    strawberry.argument(description="How many from the beginning, 1 to 100; 20 if not said."),
]
After: TypeAlias = Annotated[
    str | None, strawberry.argument(description="Only what follows this cursor.")
]
Last: TypeAlias = Annotated[
    int | None, strawberry.argument(description="How many from the end, 1 to 100.")
]
Before: TypeAlias = Annotated[
    str | None, strawberry.argument(description="Only what comes before this cursor.")
]


@strawberry.type(description="One item of a connection.")
class Edge(Generic[T]):
    cursor: str = strawberry.field(
        description="Give it as `after` or `before` to go on from this item. Opaque, and yours "
        "alone."
    )
    node: T = strawberry.field(description="The item.")


@strawberry.type(description="A page of a list that can grow.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(description="The items of this page, with cursors.")
    nodes: list[T] = strawberry.field(description="The items of this page, without cursors.")
    page_info: PageInfo = strawberry.field(description="Where this page stands in the list.")


def connection(
    made: Page, *, show: Callable[[Any], T], key: Callable[[Any], Key], cursor: Callable[[Key], str]
) -> Connection[T]:
    """Show a page of rows."""
    edges = [Edge(cursor=cursor(key(row)), node=show(row)) for row in made.rows]
    return Connection(
        edges=edges,
        nodes=[edge.node for edge in edges],
        page_info=PageInfo(
            has_next_page=made.more_after,
            has_previous_page=made.more_before,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        ),
    )
