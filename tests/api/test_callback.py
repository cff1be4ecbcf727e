"""Where a service sends the browser back to, and who may finish what was begun."""

from __future__ import annotations

from urllib.parse import urlsplit

from tests.api.conftest import Api
from tests.api.test_flows import COMPLETE, START, connect
from tests.services.town import RETURN_TO, query
from together.store.models import Integration


async def test_the_callback(api: Api):
    """A callback with no state, a foreign or a used one ends on a page of ours, which says so."""
    address = "/callback/memory"
    for params in (
        {},
        {"state": "x" * 40, "code": "c"},
        {"state": "x" * 9000},
        [("state", "a")] * 2,
    ):
        answer = await api.client.get(address, params=params)
        assert answer.status_code == 400
        assert "attempt is unknown" in answer.text
        assert {name: answer.headers[name] for name in ("cache-control", "referrer-policy")} == {
            "cache-control": "no-store",
            "referrer-policy": "no-referrer",
        }
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    started = await api.town.started(api.world.ada)
    back = await api.town.consented(started)
    assert (await api.client.head(address, params=back)).status_code == 405
    assert (await api.client.get("/callback/other", params={"state": "y"})).status_code == 400
    first = await api.client.get(address, params=back)
    assert first.status_code == 303
    assert first.headers["cache-control"] == "no-store"
    assert first.headers["referrer-policy"] == "no-referrer"
    assert set(query(first.headers["location"])) == {"handle"}
    assert urlsplit(first.headers["location"]).fragment == ""
    assert (await api.client.get(address, params=back)).status_code == 400


async def test_a_consent_finished_by_somebody_else(api: Api):
    """Whoever did not start a connection cannot finish it, and then nobody can."""
    back = await api.town.consented(await api.town.started(api.world.ada))
    location = (await api.client.get("/callback/memory", params=back)).headers["location"]
    handle = query(location)["handle"]
    for who, problem in (("ben", "StartedBySomebodyElse"), ("ada", "ConsentNotFound")):
        answer = await api.ask(COMPLETE, who=who, h=handle)
        assert answer["completeCalendarConnection"]["__typename"] == problem
    assert await Integration.all().count() == 0
    for provider, to, problem in (
        ("nobody", RETURN_TO, "ProviderUnknown"),
        ("memory", "https://evil.example/", "ReturnAddressRefused"),
    ):
        answer = await api.ask(START, i={"provider": provider, "returnTo": to})
        assert answer["startCalendarConnection"]["__typename"] == problem
    assert (await connect(api, "ada"))["__typename"] == "CompleteCalendarConnectionPayload"
