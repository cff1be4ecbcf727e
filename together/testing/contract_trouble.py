"""The contract: whatever a service says or does, one of our own errors tells who must act."""

from __future__ import annotations

import traceback
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from together.providers import (
    AuthorizationExpired,
    Gone,
    Misconfigured,
    NeedsTime,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    Reading,
)
from together.providers.http import LIMIT
from together.testing.contract_fixtures import ContractFixtures, Day, Desk, recorded
from together.testing.wire import (
    CANARY,
    Endless,
    Wire,
    chain,
    drop,
    redirect,
    saying,
    with_canary,
)

CALLS = ("whoami", "list", "busy", "create", "update", "cancel", "read")
REMEDIES = (AuthorizationExpired, RateLimited, ProviderUnavailable, Misconfigured, Gone)
PAGES = ("<!doctype html><h1>It works!</h1>", '{"items": [', "NaN", "\x00")
SHAPES = ("{}", "[]", "null", "17", '"text"', '{"items": {}}', '{"items": [17]}')


class TroubleContract(ContractFixtures):
    """Tests of how a provider fails."""

    async def test_refusals_are_told_apart(self, day: Day, wire: Wire) -> None:
        """Each recorded refusal becomes the one error that says what to do about it."""
        event = await day.calendars.create(day.draft(9, 10))
        assert set(REMEDIES) <= set(self.refusals), "a recorded reply for each remedy is needed"
        for kind, reply in recorded(self.refusals):
            wire.answer = reply
            with pytest.raises(ProviderError) as caught:
                await day.call(reply.on, event)
            assert type(caught.value) is kind, f"{reply} became {type(caught.value).__name__}"
            assert caught.value.status in (reply.status, None)

    async def test_what_a_service_said_is_not_said_again(self, day: Day, wire: Wire) -> None:
        """No text of an error body is in the error, however it is printed."""
        event = await day.calendars.create(day.draft(9, 10))
        for kind, reply in recorded(self.refusals):
            wire.answer = replace(reply, json=with_canary(reply.json))
            try:
                await day.call(reply.on, event)
            except ProviderError as error:
                printed = "".join(traceback.format_exception(error)) + repr(vars(error))
                assert CANARY not in printed, f"{kind.__name__} says what the service said"

    async def test_waiting_times_are_bounded(self, day: Day, wire: Wire) -> None:
        """A service cannot make us wait for longer than six hours."""
        event = await day.calendars.create(day.draft(9, 10))
        for kind, reply in recorded(self.refusals):
            if issubclass(kind, NeedsTime):
                wire.answer = replace(reply, headers={**reply.headers, "retry-after": "99999999"})
                with pytest.raises(NeedsTime) as caught:
                    await day.call(reply.on, event)
                wait = caught.value.retry_after
                assert wait is None or wait <= timedelta(hours=6)

    @pytest.mark.parametrize("name", CALLS)
    async def test_a_lost_connection_is_unavailable(self, day: Day, wire: Wire, name: str) -> None:
        """No error of the HTTP library ever leaves a provider."""
        event = await day.calendars.create(day.draft(9, 10))
        wire.answer = drop
        with pytest.raises(ProviderUnavailable):
            await day.call(name, event)

    @pytest.mark.parametrize("page", PAGES)
    @pytest.mark.parametrize("name", CALLS)
    async def test_nonsense_is_the_operators(
        self, day: Day, wire: Wire, name: str, page: str
    ) -> None:
        """An answer that is no JSON is no answer: nothing counts as read, made or cancelled."""
        event = await day.calendars.create(day.draft(9, 10))
        wire.answer = saying(page)
        with pytest.raises(Misconfigured):
            await day.call(name, event)

    @pytest.mark.parametrize("shape", SHAPES)
    @pytest.mark.parametrize("name", [name for name in CALLS if name != "cancel"])
    async def test_another_shape_is_the_operators(
        self, day: Day, wire: Wire, name: str, shape: str
    ) -> None:
        """JSON of a shape that is not documented is not guessed at, and never means free."""
        event = await day.calendars.create(day.draft(9, 10))
        wire.answer = saying(shape)
        try:
            got = await day.call(name, event)
        except Misconfigured:
            return
        assert isinstance(got, Reading), f"{name} made {got!r} of {shape}"
        assert list(got.unread) == [day.home], "what could not be read is free"

    @pytest.mark.parametrize("name", CALLS)
    async def test_an_endless_answer_is_not_taken(self, day: Day, wire: Wire, name: str) -> None:
        """An answer over the limit is given up, not read to its end."""
        event = await day.calendars.create(day.draft(9, 10))
        body = Endless()
        wire.answer = lambda request: httpx.Response(200, stream=body)
        with pytest.raises(Misconfigured):
            await day.call(name, event)
        assert LIMIT < body.taken < 2 * LIMIT

    @pytest.mark.parametrize("name", CALLS)
    async def test_a_redirect_is_not_followed(self, day: Day, wire: Wire, name: str) -> None:
        """A service cannot send a person's token to somebody else."""
        event = await day.calendars.create(day.draft(9, 10))
        wire.answer = redirect
        with pytest.raises(Misconfigured):
            await day.call(name, event)
        assert "elsewhere.example" not in {request.url.host for request in wire.seen}

    async def test_requests_stay_at_declared_origins(self, desk: Desk) -> None:
        """A request anywhere else is refused before it is sent."""
        before = len(desk.wire.seen)
        with pytest.raises(Misconfigured):
            await desk.http.get("https://elsewhere.example/")
        assert len(desk.wire.seen) == before

    async def test_a_provider_sees_no_token(self, desk: Desk, day: Day, wire: Wire) -> None:
        """What a provider holds, gets or catches carries no token; what is sent does."""
        event = await day.calendars.create(day.draft(9, 10))
        for name in CALLS:
            await day.call(name, event)
            event = await day.calendars.create(day.draft(13, 14, key=f"d{CALLS.index(name)}"))
        assert desk.answers
        assert not any("authorization" in a.request.headers for a in desk.answers)
        assert all("authorization" in request.headers for request in wire.seen)
        wire.answer = drop
        with pytest.raises(ProviderUnavailable) as caught:
            await day.call("list", event)
        held = [desk.http.headers, desk.http.cookies, vars(desk.calendars), desk.provider]
        said = traceback.format_exception(caught.value)
        assert desk.grant.access_token.reveal() not in repr([*held, *said])
        for error in chain(caught.value):
            sent = getattr(error, "_request", None)
            assert sent is None or "authorization" not in sent.headers
