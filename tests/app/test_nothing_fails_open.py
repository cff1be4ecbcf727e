"""When what decides cannot answer, the request is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.app.site import BOOK, Site
from tests.app.test_main_job import AVAILABILITY, wanted
from together.api.ids import Kind, to_id
from together.services.availability import circle
from together.services.signing_in import identity
from together.store.models import Booking


async def test_without_the_table_nothing_is_shown_or_booked(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While who sees whom cannot be found out, no times are answered and none is booked."""
    ada = site.world.ada
    for member in (ada, site.world.ben):
        await site.connect(member)
    match = to_id(Kind.MATCH, site.world.match.uid)
    asked = {"match": match, "start": site.monday(0), "end": site.monday(23)}
    booking = wanted(match, site.monday(10))

    def broken(**facts: Any) -> Any:
        raise RuntimeError("the table is not there")

    with monkeypatch.context() as patch:
        patch.setattr(circle, "sight", broken)
        for query, variables in ((AVAILABILITY, asked), (BOOK, {"input": booking})):
            body = (await site.post(ada, query, **variables)).json()
            codes = [error["extensions"]["code"] for error in body["errors"]]
            assert codes == ["INTERNAL_SERVER_ERROR"]
            assert "slots" not in str(body["data"])
            assert "periods" not in str(body["data"])
        assert await Booking.all().count() == 0
    booked = await site.ask(ada, BOOK, input=booking)
    assert booked["bookSession"]["__typename"] == "BookSessionPayload"


async def test_without_the_store_nobody_is_signed_in(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While membership cannot be read, a good token is not enough."""

    async def broken(*arguments: Any) -> Any:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(identity, "_tied", broken)
        reply = await site.post(site.world.ada, "{ viewer { name } }")
    assert reply.status_code >= 500 or reply.json().get("data") is None
    assert "Ada" not in reply.text
    assert (await site.ask(site.world.ada, "{ viewer { name } }"))["viewer"] == {
        "name": "Ada Lindqvist"
    }
