"""The contract: a video service makes meetings for everybody of an organization, each one once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from together.providers import (
    Access,
    Gone,
    Grant,
    KeyRefused,
    Meeting,
    Meetings,
    Misconfigured,
    OrganizationMeetings,
    ProviderUnavailable,
    Sandbox,
    Secret,
    Span,
    UnusableKey,
    VideoProvider,
)
from together.providers.signing import signed_client
from together.testing.contract_fixtures import ADA, overridden
from together.testing.hands import mounted, now
from together.testing.wire import Reply, Wire, drop

_KEY, _OTHER_KEY = "a1" * 16, "b2" * 16


def _span(hours: int) -> Span:
    start = now().replace(minute=0, second=0, microsecond=0) + timedelta(days=30, hours=hours)
    return Span(start, start + timedelta(minutes=45))


class OrganizationVideoContract:
    """Inherit this in a class whose name begins with ``Test``.

    A plugin gives its sandbox, its provider, the `handed` that an administrator hands over, and
    `refused`: one that the service does not accept.  None of both is for what needs nothing.
    """

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    def anyio_backend(self) -> str:
        return "asyncio"

    @pytest.fixture
    def sandbox(self) -> Sandbox:
        raise NotImplementedError("give a fresh sandbox of your service")

    @pytest.fixture
    def video(self, sandbox: Sandbox) -> VideoProvider:
        raise NotImplementedError("give the provider, made with sandbox.settings(BASE_URL)")

    @pytest.fixture
    def handed(self, sandbox: Sandbox) -> Secret | None:
        return None

    @pytest.fixture
    def refused(self, sandbox: Sandbox) -> Secret | None:
        return None

    @pytest.fixture
    def wire(self, sandbox: Sandbox) -> Wire:
        sandbox.populate([ADA])
        return Wire(mounted(sandbox))

    @pytest.fixture
    def organization(self, video: VideoProvider) -> OrganizationMeetings:
        assert video.organization is not None, "the provider does not say how (organization)"
        return video.organization

    @pytest.fixture
    async def meetings(
        self, organization: OrganizationMeetings, handed: Secret | None, wire: Wire
    ) -> AsyncIterator[Meetings]:
        async def grant() -> Grant:
            assert handed is not None, "a request was sent, and there is nothing to sign it with"
            credential = organization.read_credential(handed)
            async with httpx.AsyncClient(transport=wire._inner, trust_env=False) as http:
                return await organization.grant(http, credential.secret, now=now())

        async def renew(stale: Grant) -> Grant:
            return await grant()

        async with signed_client(
            wire, origins=organization.origins, grant=grant, renew=renew, now=now
        ) as http:
            yield organization.open(Access(http=http, mailbox=ADA.email))

    def test_the_contract_is_whole(self) -> None:
        """No test of the contract is overridden, unless it is marked xfail with a reason."""
        assert overridden(type(self), OrganizationVideoContract) == []

    def test_what_is_handed_over_is_said(
        self, organization: OrganizationMeetings, handed: Secret | None
    ) -> None:
        """What an administrator hands over stands in words, wherever something is needed."""
        assert (organization.handover is None) is (handed is None)
        if organization.handover is not None:
            assert organization.handover.title.strip()
            assert organization.handover.words.strip()

    @pytest.mark.parametrize("text", ["", "nonsense", "{}", "[]", '{"a": 1}', "\x00", "[" * 9999])
    def test_what_is_no_credential(self, organization: OrganizationMeetings, text: str) -> None:
        """Whatever is no credential is `UnusableKey`, whose words do not repeat it."""
        with pytest.raises(UnusableKey) as caught:
            organization.read_credential(Secret(text))
        assert not text.strip() or text not in str(caught.value)

    def test_a_credential_is_not_shown(
        self, organization: OrganizationMeetings, handed: Secret | None
    ) -> None:
        """A credential has an id and a name for administrators, and prints neither its secret."""
        if handed is None:
            return
        credential = organization.read_credential(handed)
        assert credential.id
        assert credential.name
        assert credential.secret.reveal() not in repr(credential)

    async def test_a_credential_that_is_refused(
        self, organization: OrganizationMeetings, refused: Secret | None, wire: Wire
    ) -> None:
        """What the service does not accept is `KeyRefused`: an administrator has to act."""
        if refused is None:
            return
        credential = organization.read_credential(refused)
        async with httpx.AsyncClient(transport=wire, trust_env=False) as http:
            with pytest.raises(KeyRefused):
                await organization.grant(http, credential.secret, now=now())

    async def test_one_key_makes_one_meeting(
        self, meetings: Meetings, video: VideoProvider
    ) -> None:
        """The same key gives the same meeting, another key another, on a host that is declared."""
        made = [
            await meetings.create(key=key, span=_span(0), title="Mentoring session")
            for key in (_KEY, _KEY, _OTHER_KEY)
        ]
        assert made[0] == made[1]
        assert made[0].id != made[2].id
        assert made[0].join_url != made[2].join_url
        for meeting in made:
            address = urlsplit(meeting.join_url)
            assert (address.scheme, address.hostname in video.join_hosts) == ("https", True)

    async def test_a_meeting_moves_and_keeps_its_link(self, meetings: Meetings) -> None:
        """Moved, a meeting is the same one, whose link stays."""
        made = await meetings.create(key=_KEY, span=_span(0), title="Mentoring session")
        moved = await meetings.update(made, span=_span(3), title="Mentoring session")
        assert moved == made

    async def test_taken_away_twice_is_no_error(self, meetings: Meetings) -> None:
        """Cancelling what is gone, or never was, is no error."""
        made = await meetings.create(key=_KEY, span=_span(0), title="Mentoring session")
        for meeting in (made, made, Meeting("0", made.join_url)):
            await meetings.cancel(meeting)

    async def test_what_is_gone_is_not_moved(
        self, meetings: Meetings, handed: Secret | None
    ) -> None:
        """Moving a meeting that was taken away is `Gone`, where there is anything to be gone."""
        if handed is None:
            return
        made = await meetings.create(key=_KEY, span=_span(0), title="Mentoring session")
        await meetings.cancel(made)
        with pytest.raises(Gone):
            await meetings.update(made, span=_span(3), title="Mentoring session")

    async def test_an_outage_is_an_outage(
        self, meetings: Meetings, wire: Wire, handed: Secret | None
    ) -> None:
        """A service that cannot be reached is `ProviderUnavailable`, and not a lost credential."""
        if handed is None:
            return
        wire.answer = drop
        with pytest.raises(ProviderUnavailable):
            await meetings.create(key=_KEY, span=_span(0), title="Mentoring session")

    async def test_nobody_is_asked_to_sign_in(
        self, meetings: Meetings, wire: Wire, handed: Secret | None
    ) -> None:
        """A token that is refused for good is for the operator: nobody's own consent is behind."""
        if handed is None:
            return
        wire.answer = Reply(401, {"error": "invalid_token"})
        with pytest.raises(Misconfigured):
            await meetings.create(key=_KEY, span=_span(0), title="Mentoring session")
