"""The contract of a stand-in: it can be made to fail, and the plugin is well when it is well again.

class TestSandbox(StandInContract):
throttled = {"slowDown": 429}

@pytest.fixture
def sandbox(self): return AcmeSandbox()

@pytest.fixture
def provider(self, sandbox): return AcmeCalendar(sandbox.settings(BASE_URL))
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

import httpx
import pytest

from together.domain.spans import Span
from together.providers import (
    AuthorizationExpired,
    CalendarProvider,
    Calendars,
    Misconfigured,
    ProviderUnavailable,
    RateLimited,
)
from together.testing.contract_fixtures import ADA, ContractFixtures, overridden
from together.testing.hands import BASE_URL, Hands, mounted, now
from together.testing.stand_in import StandIn
from together.testing.wire import Wire

Town = Hands[StandIn[Any, Any]]


class StandInContract(ContractFixtures):
    """Inherit this in a class whose name begins with ``Test``."""

    throttled: ClassVar[Mapping[str, int]]
    """Each of the switches' `throttles`, and the status it is said with."""

    @pytest.fixture
    def hands(
        self,
        sandbox: StandIn[Any, Any],
        provider: CalendarProvider,
        wire: Wire,
        web: httpx.AsyncClient,
    ) -> Town:
        return Hands(sandbox, provider, wire, web)

    @pytest.fixture
    async def calendars(self, hands: Town) -> Calendars:
        return await hands.calendars(ADA.email)

    async def test_throttling_passes(self, hands: Town, calendars: Calendars) -> None:
        """Every way to say “slow down” is one error, and afterwards reading works."""
        switches, listed = hands.sandbox.switches, await calendars.list()
        assert self.throttled.keys() == {*switches.throttles}
        for throttled, status in self.throttled.items():
            switches.set({"throttled": throttled, "retry_after": "90"})
            with pytest.raises(RateLimited) as caught:
                await calendars.list()
            told = (caught.value.status, caught.value.retry_after)
            assert told == (status, timedelta(seconds=90)), throttled
            switches.set({"throttled": ""})
            assert await calendars.list() == listed

    async def test_an_outage_passes(self, hands: Town, calendars: Calendars) -> None:
        """While the service is down nobody is asked to reconnect, and afterwards reading works."""
        who = await calendars.whoami()
        hands.sandbox.switches.set({"down": True})
        for call in (calendars.list, calendars.whoami):
            with pytest.raises(ProviderUnavailable):
                await call()
        hands.sandbox.switches.set({"down": False})
        assert await calendars.whoami() == who

    async def test_an_outage_during_renewal_passes(self, hands: Town, calendars: Calendars) -> None:
        """A token that cannot be renewed right now is not a lost consent."""
        listed = await calendars.list()
        hands.sandbox.expire_access(ADA.email)
        hands.sandbox.switches.set({"down": True})
        with pytest.raises(ProviderUnavailable):
            await calendars.list()
        hands.sandbox.switches.set({"down": False})
        assert await calendars.list() == listed

    @pytest.mark.parametrize("switch", ["nonsense", "odd_answers"])
    async def test_nonsense_is_the_operators(
        self, hands: Town, calendars: Calendars, switch: str
    ) -> None:
        """A page of HTML or JSON of another shape is never taken for an answer."""
        home = next(each.id for each in await calendars.list() if each.writable)
        hands.sandbox.switches.set({switch: True})
        hour = Span(now(), now() + timedelta(hours=1))
        for call in (calendars.whoami(), calendars.busy([home], hour)):
            with pytest.raises(Misconfigured):
                await call

    async def test_a_consent_taken_back_at_the_service_asks_for_another(
        self, hands: Town, calendars: Calendars
    ) -> None:
        """A revoked account has to reconnect, and once it has, reading works."""
        listed = await calendars.list()
        hands.sandbox.revoke(ADA.email)
        with pytest.raises(AuthorizationExpired):
            await calendars.list()
        again = await hands.calendars(ADA.email)
        assert await again.list() == listed

    async def test_an_access_token_that_ran_out_is_renewed(
        self, hands: Town, calendars: Calendars
    ) -> None:
        """A dead access token costs one renewal and no error."""
        listed, first = await calendars.list(), hands.grants[ADA.email]
        hands.sandbox.expire_access(ADA.email)
        assert await calendars.list() == listed
        second = hands.grants[ADA.email]
        assert first.access_token != second.access_token
        assert first.scopes == second.scopes

    async def test_switches_are_set_from_outside(self, sandbox: StandIn[Any, Any]) -> None:
        """The control page shows every switch, sets those it is told, and refuses what is wrong."""
        url, kind = f"{BASE_URL}/_control", type(sandbox.switches)
        sandbox.populate([ADA])
        async with httpx.AsyncClient(transport=mounted(sandbox), trust_env=False) as web:
            shown = (await web.get(url)).json()
            assert shown["switches"] == kind().as_json()
            assert [each["email"] for each in shown["accounts"]] == [*sandbox.world.people]
            told = (await web.post(url, json={"slow_seconds": 0.01, "lost_replies": 2})).json()
            set_so = kind(slow_seconds=0.01, lost_replies=2)
            assert told["switches"] == set_so.as_json()
            for wrong in (
                {"fast": True},
                {"down": 1},
                {"lost_replies": True},
                {"throttled": "a bit"},
                # One that does not fit keeps the others from being set.
                {"down": True, "nonsense": "yes"},
                [1],
            ):
                assert (await web.post(url, json=wrong)).status_code == 400, wrong
            # A page of another site can post a form, or JSON that is called text.
            for name in ("application/x-www-form-urlencoded", "text/plain"):
                headers = {"content-type": name}
                reply = await web.post(url, content='{"down": true}', headers=headers)
                assert reply.status_code == 400, name
        assert sandbox.switches == set_so

    def test_whoever_has_an_account_keeps_it(self, sandbox: StandIn[Any, Any]) -> None:
        """Populating again changes nothing, and what is dumped is JSON."""
        sandbox.populate([ADA])
        before = json.dumps(sandbox.dump())
        sandbox.populate([ADA])
        assert json.dumps(sandbox.dump()) == before

    def test_its_state_outlives_the_process(self, sandbox: StandIn[Any, Any]) -> None:
        """What was dumped as JSON and loaded elsewhere gives the same, switches too."""
        sandbox.populate([ADA])
        sandbox.switches.set({"lost_replies": 3})
        kept, other = json.dumps(sandbox.dump()), type(sandbox)()
        other.load(json.loads(kept))
        assert json.dumps(other.dump()) == kept
        assert other.settings(BASE_URL) == sandbox.settings(BASE_URL)

    def test_the_contract_is_whole(self) -> None:
        """No test of the contract is overridden, unless it is marked xfail with a reason."""
        assert overridden(type(self), StandInContract) == []
