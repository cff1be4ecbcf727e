"""Google's own client library follows a calendar of the sandbox, and is told of its changes."""

from __future__ import annotations

import time

import httpx

from together.domain.spans import Span

ADA = "ada@saltmarsh.example.org"
EVENT = {
    "summary": "Mentoring session",
    "start": {"dateTime": "2027-03-01T09:00:00Z"},
    "end": {"dateTime": "2027-03-01T10:00:00Z"},
}


def test_googles_client_follows_a_calendar(live, service, discovery, refused):
    """The official client goes through the pages and from token to token, until one is too old."""
    sandbox, events = live[0], service.events()
    for n in range(3):
        events.insert(calendarId=ADA, body={**EVENT, "id": f"{n}" * 32}).execute()
    asked = {
        "calendarId": ADA,
        "maxResults": 2,
        "fields": "items(id,status),nextPageToken,nextSyncToken",
    }
    asking, found = events.list(**asked), []
    while asking is not None:
        page = asking.execute()
        found += [item["id"] for item in page["items"]]
        asking = events.list_next(asking, page)
    assert found == ["0" * 32, "1" * 32, "2" * 32]
    sandbox.move(ADA, "1" * 32, Span.of(1_900_000_000, 1_900_003_600))
    events.delete(calendarId=ADA, eventId="2" * 32).execute()
    told = events.list(**asked, syncToken=page["nextSyncToken"]).execute()
    assert {item["id"]: item["status"] for item in told["items"]} == {
        "1" * 32: "confirmed",
        "2" * 32: "cancelled",
    }
    whole = events.list(calendarId=ADA, syncToken=page["nextSyncToken"]).execute()
    methods = {method.id: method for method in discovery.methods}
    for answer in (page, told, whole):
        assert [*discovery.answer_faults(methods["calendar.events.list"], answer)] == []
    assert refused(events.list(calendarId=ADA, syncToken="never")) == (400, "invalid")
    sandbox.forget_changes()
    again = events.list(**asked, syncToken=told["nextSyncToken"])
    assert refused(again) == (410, "fullSyncRequired")


def test_googles_client_watches_a_calendar(live, service, discovery, refused):
    """The official client makes a channel, reads what comes on it, and stops it."""
    from googleapiclient.channel import new_webhook_channel, notification_from_headers

    sandbox, came = live[0], []

    def listen(request):
        came.append(request.headers)
        return httpx.Response(202)

    sandbox.connect(httpx.AsyncClient(transport=httpx.MockTransport(listen)))
    channel = new_webhook_channel("https://a.example.org/notified", token="secret")
    made = service.events().watch(calendarId=ADA, body=channel.body()).execute()
    channel.update(made)
    service.events().insert(calendarId=ADA, body=EVENT).execute()
    deadline = time.monotonic() + 5
    while len(came) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    read = [notification_from_headers(channel, headers) for headers in came]
    assert [each.state for each in read] == ["sync", "exists"]
    assert [each.resource_uri for each in read] == [made["resourceUri"]] * 2
    assert read[0].message_number == 1 < read[1].message_number
    stop = {"id": made["id"], "resourceId": made["resourceId"]}
    assert service.channels().stop(body=stop).execute() == ""
    assert refused(service.channels().stop(body=stop)) == (404, "notFound")
    methods = {method.id: method for method in discovery.methods}
    assert [*discovery.answer_faults(methods["calendar.events.watch"], made)] == []
