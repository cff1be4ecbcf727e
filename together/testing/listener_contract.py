"""What every listener must do, as tests a plugin inherits.

    class TestAcme(ListenerContract):
        @pytest.fixture
        def listener(self): return AcmeListener()

Never delete or override a test.  When a listener cannot do what one asks, mark it ``xfail`` and
say why.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from together.providers.listening import BookingChange, BookingListener, ChangeKind
from together.testing.contract_fixtures import overridden

PATIENCE = 10.0
"""Seconds that a listener has."""


def change(kind: ChangeKind = ChangeKind.BOOKED, *, number: int = 1) -> BookingChange:
    """Make a change as Together tells it."""
    start = datetime(2026, 11, 30, 9, tzinfo=UTC)
    return BookingChange(
        id=f"chg_{number}",
        kind=kind,
        organization_id="org_saltmarsh0000000000",
        booking_id="bkg_session00000000000",
        at=start - timedelta(days=1),
        start=start,
        end=start + timedelta(minutes=45),
    )


class ListenerContract:
    """Inherit this in a class whose name begins with ``Test``."""

    @pytest.fixture
    def listener(self) -> BookingListener:
        """Give a listener, as the plugin registers it."""
        raise NotImplementedError

    def test_the_contract_is_whole(self) -> None:
        """No test of the contract is overridden, unless it is marked xfail with a reason."""
        assert overridden(type(self), ListenerContract) == []

    @pytest.mark.parametrize("kind", list(ChangeKind))
    async def test_every_kind_is_taken_in(
        self, listener: BookingListener, kind: ChangeKind
    ) -> None:
        """Whatever became of a session is taken in in time, and raises nothing."""
        async with asyncio.timeout(PATIENCE):
            await listener.booking_changed(change(kind))

    async def test_the_same_change_again(self, listener: BookingListener) -> None:
        """A change that is told once more, also at the same time, is no error."""
        async with asyncio.timeout(PATIENCE):
            await listener.booking_changed(change())
            await asyncio.gather(*(listener.booking_changed(change()) for _ in range(2)))

    async def test_it_can_be_cancelled(self, listener: BookingListener) -> None:
        """One that is given up comes to its end at once."""
        telling = asyncio.create_task(listener.booking_changed(change()))
        await asyncio.sleep(0)
        telling.cancel()
        done, _ = await asyncio.wait([telling], timeout=1)
        assert done == {telling}
