"""What the stand-ins of all services share: switches that a test or a person sets as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from together.testing.posted import content_of, object_in


@dataclass(slots=True)
class Switchboard:
    """The switches that every stand-in has; each adds its own.  Everything off is a good day."""

    throttles: ClassVar[tuple[str, ...]] = ()
    """What `throttled` may say."""

    down: bool = False
    """Everything but the consent pages answers 503."""
    throttled: str = ""
    """One of `throttles`: the API refuses every call with it."""
    retry_after: str = ""
    """The Retry-After header of throttled answers and outages."""
    slow_seconds: float = 0.0
    """How long every answer waits first."""
    nonsense: bool = False
    """The API and the token endpoint answer 200 with a page of HTML."""
    odd_answers: bool = False
    """The API answers 200 with JSON of another shape."""
    lost_replies: int = 0
    """So many of the next writes are done, and answered 503 all the same."""
    per_minute: int = 600
    """Calls of one account in a minute, as many as the service allows."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def set(self, changes: Mapping[str, Any]) -> None:
        """Change some of the switches.  A name or a kind of value that does not fit is refused."""
        kinds = {known.name: type(getattr(self, known.name)) for known in fields(self)}
        for name, value in changes.items():
            if name not in kinds:
                raise ValueError(f"no switch is called {name!r}")
            wanted = (int, float) if kinds[name] is float else kinds[name]
            if not isinstance(value, wanted) or (isinstance(value, bool) != (wanted is bool)):
                raise ValueError(f"{name} takes a {kinds[name].__name__}")
        if changes.get("throttled", "") not in ("", *self.throttles):
            raise ValueError(f"throttled is one of {', '.join(self.throttles)}")
        for name, value in changes.items():
            setattr(self, name, value)


async def asked_of(request: Request) -> dict[str, object] | None:
    """Read a posted object.  The content type keeps pages of other sites from posting one."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "application/json":
        return None
    content = await content_of(request)
    return None if content is None else object_in(content)


def wrong(words: str) -> Response:
    """Say what was wrong with what was posted."""
    return JSONResponse({"error": words}, 400)
