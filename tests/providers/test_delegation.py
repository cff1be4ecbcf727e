"""One consent of an administrator reaches each member's mailbox, and says what is in its way."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

import together.providers
from together.providers import (
    Account,
    AuthorizationExpired,
    Capability,
    ConsentDelegation,
    Copy,
    Credential,
    Delegation,
    Grant,
    KeyDelegation,
    KeyRefused,
    MailboxRestricted,
    Misconfigured,
    NeedsAdministrator,
    NeedsPerson,
    NoCalendarService,
    NoMailbox,
    NotDelegated,
    PolicyRefused,
    ProviderUnavailable,
    RateLimited,
    Refused,
    ScopesMissing,
    Secret,
    Step,
    StepKind,
    UnusableKey,
    Verified,
    ask_token,
    opener,
)
from together.providers.registry import load
from together.testing import memory
from together.testing.memory import MemoryCalendar
from together.testing.memory_sandbox import MemorySandbox
from together.testing.provider_contract import BASE_URL, DelegationContract, Reply

BASE = "http://127.0.0.1:9000"
ADA, NOBODY = "ada@saltmarsh.example.org", "nobody@saltmarsh.example.org"
NOW = datetime(2031, 3, 3, 9, tzinfo=UTC)
READ, BOTH = Capability.FREE_BUSY, Capability.FREE_BUSY | Capability.EVENTS
SETTINGS = {"TOGETHER_MEMORY_BASE_URL": "https://memory.example"}


class TestMemory(DelegationContract):
    """The contract, inherited whole."""

    refusals = {AuthorizationExpired: Reply(401, {"error": "invalid_token"})}  # noqa: RUF012

    @pytest.fixture
    def sandbox(self):
        return MemorySandbox()

    @pytest.fixture
    def provider(self, sandbox):
        return MemoryCalendar(sandbox.settings(BASE_URL)["BASE_URL"])

    @pytest.fixture
    def credential(self, sandbox, provider):
        file = sandbox.add_key()
        sandbox.delegate("saltmarsh.example.org")
        return provider.delegation.read_key(Secret(file)).secret

    @pytest.fixture
    def powerless(self, sandbox, provider):
        return provider.delegation.read_key(Secret(sandbox.add_key("another"))).secret


class Town:
    """The memory service, with a key that saltmarsh delegated to."""

    def __init__(self):
        self.sandbox = MemorySandbox(now=NOW.timestamp)
        self.provider = MemoryCalendar(BASE)
        self.transport = httpx.ASGITransport(app=self.sandbox.app())
        self.web = httpx.AsyncClient(transport=self.transport)
        self.sandbox.add_account(ADA)
        self.credential = self.provider.delegation.read_key(Secret(self.sandbox.add_key()))
        self.sandbox.delegate("saltmarsh.example.org")

    async def verify(self, mailbox=ADA, capabilities=BOTH):
        return await self.provider.delegation.verify(
            self.web,
            self.credential.secret,
            mailbox=mailbox,
            capabilities=capabilities,
            now=NOW,
            open=opener(
                self.provider,
                self.transport,
                mailbox=mailbox,
                capabilities=capabilities,
                now=lambda: NOW,
            ),
        )


@pytest.fixture
def town():
    return Town()


def test_every_error_names_its_remedy():
    """What an administrator must mend, what only one member lacks, and neither is the other."""
    for kind in (NotDelegated, ScopesMissing, KeyRefused, PolicyRefused):
        assert issubclass(kind, NeedsAdministrator)
    for kind in (NoCalendarService, MailboxRestricted):
        assert issubclass(kind, NoMailbox)
    assert issubclass(NeedsAdministrator, NeedsPerson)
    assert issubclass(NoMailbox, Refused)
    kinds = [NeedsAdministrator, *NeedsAdministrator.__subclasses__(), NoMailbox]
    words = [kind.words for kind in (*kinds, *NoMailbox.__subclasses__())]
    assert len({*words}) == len(words)


def test_what_is_missing_is_named():
    """An error of missing scopes names them, and says what works without."""
    error = ScopesMissing(missing=frozenset({"events"}), capabilities=READ, status=403, code="x")
    assert (error.missing, error.capabilities) == (frozenset({"events"}), READ)
    assert (error.status, error.code, str(error)) == (403, "x", ScopesMissing.words)


def test_a_credential_is_not_printed():
    """What may be seen of a key is seen, and the key is not."""
    key = Credential(Secret("s3cret"), id="1", name="robot", key_id="k")
    assert repr(key) == "Credential(secret=Secret(•••), id='1', name='robot', key_id='k')"


@pytest.mark.parametrize("kind", [Delegation, KeyDelegation, ConsentDelegation])
def test_a_delegation_is_whole(kind):
    """A plugin that forgot a method of the contract has no delegation."""
    with pytest.raises(TypeError, match="abstract"):
        kind()


def test_a_delegation_of_another_kind_is_refused():
    """What is no delegation leaves its plugin out, and is named; none at all is fine."""

    class Odd:
        @staticmethod
        @together.providers.hookimpl
        def register_calendar_providers(register):
            provider = MemoryCalendar("https://memory.example")
            provider.delegation = "yes"
            register(provider)

    found = load({}, plugins={"memory": Odd})
    assert found.calendars == {}
    assert found.left_out == {"memory": "its provider 'memory' has a delegation of another kind"}
    whole = load(SETTINGS, plugins={"memory": memory})
    assert isinstance(whole.calendars["memory"].delegation, KeyDelegation)


def test_steps_are_data():
    """A page can draw what is to be done, before and after the key is known."""
    steps = MemoryCalendar(BASE).delegation.steps(capabilities=READ)
    assert [step.kind for step in steps] == [StepKind.UPLOAD_KEY, StepKind.PASTE_VALUES]
    assert steps[1] == Step(
        StepKind.PASTE_VALUES,
        "Allow it to act for your members",
        "Paste both values at the service.",
        f"{BASE}/admin",
        (Copy("Key", None), Copy("Scopes", "freebusy")),
    )
    known = MemoryCalendar(BASE).delegation.steps(capabilities=BOTH, id="key-1")
    assert known[1].values == (Copy("Key", "key-1"), Copy("Scopes", "events freebusy"))


async def test_verifying_says_what_works(town):
    """A mailbox that can be reached is verified for what was asked."""
    ada = Account(town.sandbox.state["accounts"][ADA]["id"], ADA)
    assert await town.verify() == Verified(BOTH, ada)
    assert await town.verify(capabilities=READ) == Verified(READ, ada)


@pytest.mark.parametrize(
    ("switch", "value", "kind"),
    [
        ("restricted", {ADA}, MailboxRestricted),
        ("down", True, ProviderUnavailable),
        ("throttled", 7, RateLimited),
        ("nonsense", True, Misconfigured),
    ],
)
async def test_what_is_in_the_way_is_told_apart(town, switch, value, kind):
    """Each trouble has its own error, and once it is over the same mailbox is verified."""
    before = getattr(town.sandbox, switch)
    setattr(town.sandbox, switch, value)
    with pytest.raises(kind) as caught:
        await town.verify()
    assert type(caught.value) is kind
    setattr(town.sandbox, switch, before)
    assert (await town.verify()).capabilities == BOTH


async def test_what_the_administrator_forgot_is_told_apart(town):
    """Nothing delegated and too little delegated differ, and adding it is all that is needed."""
    town.sandbox.delegate("saltmarsh.example.org", scopes=())
    with pytest.raises(NotDelegated):
        await town.verify()
    town.sandbox.delegate("saltmarsh.example.org", scopes=["freebusy"])
    with pytest.raises(ScopesMissing) as caught:
        await town.verify()
    assert (caught.value.missing, caught.value.capabilities) == (frozenset({"events"}), READ)
    town.sandbox.delegate("saltmarsh.example.org")
    assert (await town.verify()).capabilities == BOTH


async def test_a_key_that_is_over_is_told_apart(town):
    """A deleted key is not the same as one to which nobody delegated."""
    town.sandbox.delete_key()
    with pytest.raises(KeyRefused):
        await town.verify()


async def test_a_mailbox_may_not_be_there_or_have_no_calendar(town):
    """Both concern one member, and differ in what their administrator reads."""
    with pytest.raises(NoMailbox) as caught:
        await town.verify(NOBODY)
    assert type(caught.value) is NoMailbox
    town.sandbox.add_account("elin@saltmarsh.example.org", calendars=())
    with pytest.raises(NoCalendarService):
        await town.verify("elin@saltmarsh.example.org")


async def test_taking_access_back_ends_its_tokens(town):
    """A token that was made before does not outlive what it was made with."""
    grant = await town.provider.delegation.grant(
        town.web, town.credential.secret, mailbox=ADA, capabilities=READ, now=NOW
    )
    open_ada = opener(
        town.provider, town.transport, mailbox=ADA, capabilities=READ, now=lambda: NOW
    )
    async with open_ada(grant) as calendars:
        assert [calendar.id for calendar in await calendars.list()] == ["home"]
        town.sandbox.revoke(ADA)  # what the member takes back is not the organization's
        assert [calendar.id for calendar in await calendars.list()] == ["home"]
        town.sandbox.delegate("saltmarsh.example.org", scopes=())
        with pytest.raises(Misconfigured) as caught:
            await calendars.list()
    assert (caught.value.status, caught.value.code) == (401, "fresh_token_refused")


@pytest.mark.parametrize(
    ("file", "field"),
    [
        ("", None),
        ("[]", None),
        ("[" * 100_000, None),
        ('{"type": "another"}', None),
        ('{"type": "memory_key", "id": "a", "name": "b"}', "secret"),
        ('{"type": "memory_key", "id": 7, "name": "b", "secret": "c"}', "id"),
    ],
)
def test_a_file_that_is_no_key_is_refused(file, field):
    """Whatever is uploaded, the answer is a sentence and the field it is about."""
    with pytest.raises(UnusableKey) as caught:
        MemoryCalendar(BASE).delegation.read_key(Secret(file))
    assert caught.value.field == field
    assert str(caught.value) == caught.value.words


@pytest.mark.parametrize(
    ("said", "scopes"),
    [
        ({}, {"freebusy", "events"}),
        ({"scope": "freebusy mail"}, {"freebusy"}),
        ({"scope": ""}, set()),
        ({"scope": "freebusy", "refresh_token": "kept?"}, {"freebusy"}),
    ],
)
async def test_a_token_is_read(said, scopes):
    """Scopes nobody asked for are not used, and a refresh token is not kept."""
    answer = {"access_token": "t0ken", "expires_in": 3599, "token_type": "Bearer", **said}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answer))
    async with httpx.AsyncClient(transport=transport) as web:
        grant = await ask_token(
            web,
            f"{BASE}/token",
            {"grant_type": "x"},
            asked=frozenset({"freebusy", "events"}),
            refusal=lambda error, description: NotDelegated(code=error),
            now=NOW,
        )
    ends = NOW + timedelta(seconds=3599)
    assert grant == Grant(Secret("t0ken"), None, ends, frozenset(scopes))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"error": "unauthorized_client", "error_description": "no"}, NotDelegated),
        (400, {"error": "x", "error_description": 7}, NotDelegated),
        (401, None, Misconfigured),
        (429, {"error": "slow"}, RateLimited),
        (503, {"error": "unauthorized_client"}, ProviderUnavailable),
        (200, {"access_token": "t", "expires_in": 10**9}, Misconfigured),
        (200, {"access_token": "a b", "expires_in": 10}, Misconfigured),
    ],
)
async def test_a_token_is_refused(status, body, kind):
    """Only the service's own word is its refusal; a proxy's page and an outage are not."""
    content = b"" if body is None else json.dumps(body).encode()
    transport = httpx.MockTransport(lambda request: httpx.Response(status, content=content))
    async with httpx.AsyncClient(transport=transport) as web:
        with pytest.raises(kind) as caught:
            await ask_token(
                web,
                f"{BASE}/token",
                {"grant_type": "x"},
                asked=frozenset({"freebusy"}),
                refusal=lambda error, description: NotDelegated(code=error),
                now=NOW,
            )
    assert type(caught.value) is kind
