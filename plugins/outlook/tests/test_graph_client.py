"""Microsoft's own client of Graph, over a real socket, takes the sandbox for Graph."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from together_outlook import OutlookCalendar
from together_outlook.testing import CheckedTransport, Checker, walk_consent

from together.providers import Secret, pkce

ADA = "ada@saltmarsh.example.org"
BEN = "ben@saltmarsh.example.org"
REDIRECT_URI = "http://127.0.0.1:1/callback/outlook"
KEY = "0123456789abcdefghijklmnopqrstuv"

# The package defines, and so warns of, older classes beside those that are used.
pytestmark = pytest.mark.filterwarnings("ignore:.* is deprecated:DeprecationWarning")


@pytest.fixture
async def live(sdk, sandbox, serve, models):
    """Serve the sandbox with Ada and Ben in it, and give what checks all that goes there."""
    sandbox.add_account(ADA, name="Ada Lindqvist", zone="Europe/Stockholm")
    sandbox.add_account(BEN, name="Ben Okafor", zone="Africa/Lagos")
    checker = Checker(sandbox.settings(serve(sandbox.app())), sandbox.scopes_of, models)
    yield checker
    assert checker.faults + checker.answer_faults == []


@pytest.fixture
async def token(live):
    """Consent as Ada."""
    oauth = OutlookCalendar(live.settings).oauth
    verifier, challenge = pkce()
    url = oauth.url(redirect_uri=REDIRECT_URI, state="s", challenge=challenge)
    async with httpx.AsyncClient(trust_env=False) as web:
        answer = dict(parse_qsl(urlsplit(await walk_consent(web, url, account=ADA)).query))
        grant = await oauth.exchange(
            web,
            code=Secret(answer["code"]),
            verifier=verifier,
            redirect_uri=REDIRECT_URI,
            now=datetime.now(UTC),
        )
    return grant.access_token.reveal()


@pytest.fixture
async def graph(live, token):
    """Give Microsoft's client, pointed at the sandbox; it renews nothing and tries once."""
    from kiota_abstractions.authentication import AuthenticationProvider
    from kiota_http.middleware.options import RetryHandlerOption
    from msgraph import GraphRequestAdapter, GraphServiceClient
    from msgraph.graph_request_adapter import options
    from msgraph_core import GraphClientFactory

    class Bearer(AuthenticationProvider):
        async def authenticate_request(self, request, additional_authentication_context=None):
            request.headers.add("Authorization", f"Bearer {token}")

    once = {RetryHandlerOption.get_key(): RetryHandlerOption(should_retry=False)}
    # The client wraps what it is given to send with, and then does not close it.
    async with (
        httpx.AsyncHTTPTransport() as sockets,
        httpx.AsyncClient(transport=CheckedTransport(sockets, live), trust_env=False) as http,
    ):
        client = GraphClientFactory.create_with_default_middleware(
            client=http, options=options | once
        )
        adapter = GraphRequestAdapter(Bearer(), client)
        adapter.base_url = live.settings["API_URL"]
        yield GraphServiceClient(request_adapter=adapter)


def asking(parameters=None):
    """Ask for times in UTC, as a request of the client is configured."""
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from kiota_abstractions.headers_collection import HeadersCollection

    headers = HeadersCollection()
    headers.add("Prefer", 'outlook.timezone="UTC"')
    return RequestConfiguration(headers=headers, query_parameters=parameters)


def at(hour, *, day=1, month=3):
    from msgraph.generated.models.date_time_time_zone import DateTimeTimeZone

    wall = f"2027-{month:02}-{day:02}T{hour:02}:00:00"
    return DateTimeTimeZone(date_time=wall, time_zone="UTC")


def told(when):
    """Give a time of the client's as text."""
    return f"{when.date_time} {when.time_zone}"


def session(**changes):
    """Write an event as the client does."""
    from msgraph.generated.models.attendee import Attendee
    from msgraph.generated.models.email_address import EmailAddress
    from msgraph.generated.models.event import Event
    from msgraph.generated.models.online_meeting_provider_type import OnlineMeetingProviderType

    fields = {
        "subject": "Mentoring session",
        "start": at(9),
        "end": at(10),
        "transaction_id": KEY,
        "attendees": [Attendee(email_address=EmailAddress(address=BEN))],
        "is_online_meeting": True,
        "online_meeting_provider": OnlineMeetingProviderType.TeamsForBusiness,
    }
    return Event(**{**fields, **changes})


async def refused(asked):
    """Await what Graph refuses; give status and code as its client reads them."""
    from msgraph.generated.models.o_data_errors.o_data_error import ODataError

    with pytest.raises(ODataError) as caught:
        await asked
    return caught.value.response_status_code, caught.value.error.code


async def test_graphs_client_reads_who_and_which_calendars(graph, live, sandbox):
    """The account and its calendars come back in the client's own classes."""
    from msgraph.generated.models.online_meeting_provider_type import OnlineMeetingProviderType

    me = await graph.me.get()
    assert (me.id, me.mail, me.display_name) == (
        sandbox.world.people[ADA].oid,
        ADA,
        "Ada Lindqvist",
    )
    (calendar,) = (await graph.me.calendars.get()).value
    assert (
        calendar.name,
        calendar.is_default_calendar,
        calendar.can_edit,
        calendar.owner.address,
    ) == (
        "Calendar",
        True,
        True,
        ADA,
    )
    assert calendar.allowed_online_meeting_providers == [OnlineMeetingProviderType.TeamsForBusiness]
    assert (await graph.me.calendar.get()).id == calendar.id
    assert live.calls == ["GET /me", "GET /me/calendars", "GET /me/calendar"]


async def test_graphs_client_reads_when_people_are_busy(graph):
    """The schedule and the calendar view tell of the same event."""
    from msgraph.generated.models.free_busy_status import FreeBusyStatus
    from msgraph.generated.users.item.calendar.get_schedule.get_schedule_post_request_body import (
        GetSchedulePostRequestBody,
    )
    from msgraph.generated.users.item.calendar_view.calendar_view_request_builder import (
        CalendarViewRequestBuilder,
    )

    await graph.me.events.post(session(), asking())
    body = GetSchedulePostRequestBody(
        schedules=[ADA, "nobody@saltmarsh.example.org"], start_time=at(0), end_time=at(0, day=2)
    )
    mine, nobody = (await graph.me.calendar.get_schedule.post(body, asking())).value
    (item,) = mine.schedule_items
    assert (item.status, told(item.start), told(item.end)) == (
        FreeBusyStatus.Busy,
        "2027-03-01T09:00:00.0000000 UTC",
        "2027-03-01T10:00:00.0000000 UTC",
    )
    assert mine.availability_view == "0" * 18 + "22" + "0" * 28
    assert nobody.error.response_code == "ErrorMailRecipientNotFound"
    window = CalendarViewRequestBuilder.CalendarViewRequestBuilderGetQueryParameters(
        start_date_time="2027-03-01T00:00:00Z",
        end_date_time="2027-03-02T00:00:00Z",
        select=["start", "end", "showAs"],
        top=10,
    )
    (event,) = (await graph.me.calendar_view.get(asking(window))).value
    assert event.show_as == item.status
    assert [told(event.start), told(event.end)] == [told(item.start), told(item.end)]
    assert event.subject is None


async def test_graphs_client_makes_moves_and_cancels_an_event(graph, sandbox):
    """An event with Teams goes through its whole life in the official client."""
    from msgraph.generated.models.event import Event
    from msgraph.generated.models.response_type import ResponseType
    from msgraph.generated.users.item.events.item.cancel.cancel_post_request_body import (
        CancelPostRequestBody,
    )

    made = await graph.me.events.post(session(), asking())
    assert made.online_meeting.join_url.startswith("https://teams.microsoft.com/")
    assert [guest.status.response for guest in made.attendees] == [ResponseType.None_]
    event = graph.me.events.by_event_id(made.id)
    moved = await event.patch(Event(end=at(11)), asking())
    assert (moved.id, moved.transaction_id) == (made.id, KEY)
    assert told(moved.end) == "2027-03-01T11:00:00.0000000 UTC"
    got = await event.get(asking())
    assert told(got.end) == told(moved.end)
    assert got.online_meeting.join_url == made.online_meeting.join_url
    await event.cancel.post(CancelPostRequestBody(comment="We meet another day."))
    assert await refused(event.get(asking())) == (404, "ErrorItemNotFound")
    assert [mail["kind"] for mail in sandbox.world.mails] == ["invited", "changed", "cancelled"]


async def test_graphs_client_reads_the_refusals(graph, sandbox):
    """The official client finds status and code in every refusal."""
    from msgraph.generated.users.item.calendar.get_schedule.get_schedule_post_request_body import (
        GetSchedulePostRequestBody,
    )

    sandbox.switches.set({"duplicate_status": 400})
    made = await graph.me.events.post(session(), asking())
    other = graph.me.events.post(session(subject="Another"), asking())
    assert await refused(other) == (400, "ErrorDuplicateTransactionId")
    await graph.me.events.by_event_id(made.id).delete()
    gone = graph.me.events.by_event_id(made.id).delete()
    assert await refused(gone) == (404, "ErrorItemNotFound")
    body = GetSchedulePostRequestBody(schedules=[ADA], start_time=at(0), end_time=at(0, month=8))
    long = graph.me.calendar.get_schedule.post(body, asking())
    assert await refused(long) == (400, "ErrorTimeIntervalTooBig")
    sandbox.switches.set({"throttled": "ApplicationThrottled"})
    assert await refused(graph.me.calendars.get()) == (429, "ApplicationThrottled")
    sandbox.switches.set({"throttled": "", "down": True})
    assert await refused(graph.me.calendars.get()) == (503, "serviceNotAvailable")
    sandbox.switches.set({"down": False})
    sandbox.revoke(ADA)
    assert await refused(graph.me.get()) == (401, "InvalidAuthenticationToken")


async def test_graphs_client_asks_what_has_changed(graph):
    """The official client goes through two rounds of a delta query, by the links it is given."""
    from msgraph.generated.users.item.calendar_view.delta.delta_request_builder import (
        DeltaRequestBuilder,
    )

    window = DeltaRequestBuilder.DeltaRequestBuilderGetQueryParameters(
        start_date_time="2027-01-01T00:00:00Z", end_date_time="2027-07-01T00:00:00Z"
    )
    paged = asking(window)
    paged.headers.add("Prefer", "odata.maxpagesize=1")
    made = [await graph.me.events.post(session(transaction_id=key), asking()) for key in "ab"]
    query, found = graph.me.calendar_view.delta, []
    answer = await query.get(paged)
    while answer.odata_next_link:
        found += answer.value
        answer = await query.with_url(answer.odata_next_link).get(asking())
    found += answer.value
    assert sorted(each.id for each in found) == sorted(each.id for each in made)
    await graph.me.events.by_event_id(made[0].id).delete()
    then = await query.with_url(answer.odata_delta_link).get(asking())
    (gone,) = then.value
    assert (gone.id, gone.subject) == (made[0].id, None)
    assert gone.additional_data["@removed"] == {"reason": "deleted"}


async def test_graphs_client_subscribes(graph, sandbox):
    """The official client makes, lists, prolongs and ends a subscription, and is told."""
    from msgraph.generated.models.subscription import Subscription

    came = []

    def hear(request):
        if words := request.url.params.get("validationToken"):
            return httpx.Response(200, text=words)
        came.append(request.content)
        return httpx.Response(202)

    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=6)
    wish = Subscription(
        change_type="created,updated,deleted",
        notification_url="https://together.example.org/notifications/outlook",
        lifecycle_notification_url="https://together.example.org/notifications/outlook",
        resource="me/events",
        expiration_date_time=until,
        client_state="s3cret",
    )
    assert await refused(graph.subscriptions.post(wish)) == (400, "InvalidRequest")
    async with httpx.AsyncClient(transport=httpx.MockTransport(hear), trust_env=False) as http:
        sandbox.connect(http)
        made = await graph.subscriptions.post(wish)
        assert (made.expiration_date_time, made.client_state) == (until, None)
        assert [each.id for each in (await graph.subscriptions.get()).value] == [made.id]
        one, later = graph.subscriptions.by_subscription_id(made.id), until - timedelta(days=1)
        assert (await one.patch(Subscription(expiration_date_time=later))).id == made.id
        assert (await one.get()).expiration_date_time == later
        await one.reauthorize.post()
        event = await graph.me.events.post(session(), asking())
        for _ in range(100):
            if came:
                break
            await asyncio.sleep(0.02)
    (notice,) = json.loads(came[0])["value"]
    said = (notice["subscriptionId"], notice["clientState"], notice["resourceData"]["id"])
    assert said == (made.id, "s3cret", event.id)
    await one.delete()
    assert await refused(one.get()) == (404, "ResourceNotFound")
