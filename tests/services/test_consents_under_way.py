"""A consent for everybody that is under way: used twice, late, by another, or overtaken."""

from __future__ import annotations

import pytest

from tests.services.consents import SLUG, ConsentEstate
from tests.services.town import Stopping, query
from tests.world import World
from together.services.connections import attempts
from together.services.organization.consenting import OrganizationConsents
from together.services.refusals import (
    ConsentNotFound,
    Forbidden,
    ProviderDown,
)
from together.services.signing_in.viewer import Viewer
from together.store.clock import database_now
from together.store.models import Attempt, DelegationState


@pytest.fixture
async def estate(world: World) -> ConsentEstate:
    return ConsentEstate(world)


async def test_every_state_and_handle_works_once(estate: ConsentEstate):
    """What was used is unknown afterwards, and has changed nothing a second time."""
    await estate.chosen()
    first = await estate.town.consented(await estate.started())
    second = await estate.town.consented(await estate.town.connecting.callback(SLUG, first))
    handle = query(await estate.town.connecting.callback(SLUG, second))["handle"]
    for params in (first, second, {**second, "state": "unknown"}, {**first, "state": ""}):
        with pytest.raises(ConsentNotFound):
            await estate.town.connecting.callback(SLUG, params)
    told = [await estate.outcome(handle) for _ in range(2)]
    assert [*told, await estate.outcome("!"), await estate.outcome("unknown")] == [
        "done",
        "ConsentNotFound",
        "ConsentNotFound",
        "ConsentNotFound",
    ]


async def test_a_state_is_of_its_service(estate: ConsentEstate):
    """An answer at another service's callback, or of another issuer, ends the attempt."""
    await estate.chosen()
    params = await estate.town.consented(await estate.started())
    for slug in ("memory", SLUG):
        with pytest.raises(ConsentNotFound):
            await estate.town.connecting.callback(slug, params)
    url = await estate.callback(await estate.started())
    params = await estate.town.consented(url)
    with pytest.raises(ConsentNotFound):
        await estate.town.connecting.callback(SLUG, {**params, "iss": "https://elsewhere.example"})
    assert await estate.nothing_kept()


async def test_only_who_started_completes(estate: ConsentEstate):
    """Another administrator with the handle ends it; a member is refused, and it goes on."""
    await estate.chosen()
    dev = await estate.administrator(estate.world.dev)
    nils = await estate.administrator(estate.world.nils)
    handle = await estate.handle()
    with pytest.raises(Forbidden):
        await estate.consents.complete(Viewer.of(estate.world.ada), handle)
    assert await estate.outcome(handle, dev) == "StartedBySomebodyElse"
    assert await estate.outcome(handle) == "ConsentNotFound"
    assert await estate.outcome(await estate.handle(), nils) == "StartedBySomebodyElse"
    assert await estate.nothing_kept()
    assert await estate.outcome(await estate.handle(dev), dev) == "done"


async def test_a_handle_is_of_what_it_was_started_for(estate: ConsentEstate):
    """A member's own consent is no organization's, nor the other way round."""
    await estate.chosen()
    mine = await estate.town.handle(estate.world.chiara)
    assert await estate.outcome(mine) == "ConsentNotFound"
    ours = await estate.handle()
    with pytest.raises(ConsentNotFound):
        await estate.town.connecting.complete(estate.chiara, ours)
    assert await estate.outcome(ours) == "done"
    await estate.town.connecting.complete(estate.chiara, mine)


@pytest.mark.parametrize("step", ["consent", "sign-in", "handle"])
async def test_what_comes_late(estate: ConsentEstate, step):
    """Each step has its time, after which it is unknown, and its secrets are swept away."""
    await estate.chosen()
    url = await estate.started()
    if step != "consent":
        url = await estate.callback(url)
    if step == "handle":
        url = await estate.callback(url)
    await Attempt.all().update(expires_at=await database_now())
    if step == "handle":
        assert await estate.outcome(query(url)["handle"]) == "ConsentNotFound"
    else:
        with pytest.raises(ConsentNotFound):
            await estate.callback(url)
    await attempts.forget(now=await database_now())
    assert await estate.nothing_kept()


@pytest.mark.parametrize("change", ["switched", "limited", "turned off", "again", "anew"])
async def test_what_changed_meanwhile(estate: ConsentEstate, change):
    """A consent that began before the service was switched, turned off or given is dropped."""
    await estate.chosen()
    handle = await estate.handle()
    setting_up = estate.service.set_up
    if change == "switched":
        await setting_up(estate.chiara, provider="memory", owner_email=None, limited=False)
    elif change == "limited":
        await setting_up(estate.chiara, provider=SLUG, owner_email=None, limited=True)
    elif change == "again":
        await estate.consents.complete(estate.chiara, await estate.handle())
    else:
        await estate.service.turn_off(estate.chiara, provider=SLUG)
    if change == "anew":
        await setting_up(estate.chiara, provider=SLUG, owner_email=None, limited=False)
    before = await estate.row()
    assert await estate.outcome(handle) == "SetUpChanged"
    assert vars(await estate.row()) == vars(before)


async def test_stopped_anywhere_it_brings_nothing_back(
    estate: ConsentEstate, monkeypatch: pytest.MonkeyPatch
):
    """Stopped at any await while it is set up anew, completing leaves no credential behind."""
    complete, stops = OrganizationConsents._completed, 0

    async def set_up_anew() -> None:
        await estate.service.turn_off(estate.chiara, provider=SLUG)
        await estate.chosen()

    while True:
        await Attempt.all().delete()  # nobody may start this often
        await estate.chosen()
        handle = await estate.handle()
        stopping = Stopping(stops, set_up_anew)
        monkeypatch.setattr(
            OrganizationConsents,
            "_completed",
            lambda *given, s=stopping: s.around(complete(*given)),
        )
        told = await estate.outcome(handle)
        await stopping.end()
        if not stopping.stopped:
            assert told == "done"
            break
        row = await estate.row()
        assert (row.state, row.credential) == (DelegationState.SETTING_UP, None)
        assert told in ("done", "SetUpChanged")
        stops += 1
    assert stops > 5


async def test_a_failure_meanwhile_does_not_matter(estate: ConsentEstate):
    """A consent that mends what just failed is kept, though the failure came after it began."""
    await estate.activated()
    handle = await estate.handle()
    estate.town.sandbox.withdraw("saltmarsh.example.org")
    await estate.grants.delegations.probe(await estate.row())
    assert (await estate.row()).state is DelegationState.FAILING
    estate.town.sandbox.consent("saltmarsh.example.org")
    assert await estate.outcome(handle) == "done"
    await estate.service.verify(estate.chiara, "ada@saltmarsh.example.org")
    assert (await estate.row()).state is DelegationState.ACTIVE


async def test_two_administrators_at_once(estate: ConsentEstate):
    """Whoever completes first is kept; the other is told to look again."""
    await estate.chosen()
    dev = await estate.administrator(estate.world.dev)
    mine, other = await estate.handle(), await estate.handle(dev)
    assert await estate.outcome(other, dev) == "done"
    kept = (await estate.row()).credential
    assert await estate.outcome(mine) == "SetUpChanged"
    assert (await estate.row()).credential == kept


async def test_an_outage_at_the_proof(estate: ConsentEstate):
    """While the service is down, the same handle can be tried again, as long as it lives."""
    await estate.chosen()
    handle = await estate.handle()
    estate.town.sandbox.down = True
    with pytest.raises(ProviderDown) as caught:
        await estate.consents.complete(estate.chiara, handle)
    assert [step.value for step in caught.value.next_steps] == ["TRY_LATER"]
    await Attempt.all().update(expires_at=await database_now() + 5)
    estate.town.sandbox.down, estate.town.sandbox.throttled = False, 30
    with pytest.raises(ProviderDown) as caught:
        await estate.consents.complete(estate.chiara, handle)
    assert caught.value.next_steps == ()
    estate.town.sandbox.throttled = None
    assert await estate.outcome(handle) == "ConsentNotFound"
    handle = await estate.handle()
    estate.town.sandbox.down = True
    assert await estate.outcome(handle) == "ProviderDown"
    estate.town.sandbox.down = False
    assert await estate.outcome(handle) == "done"
