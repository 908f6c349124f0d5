"""Fetching as the engine does it: cursors, resuming, overlap, what is asked for, counting, fetching by key, deletes."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.jira.conftest import Connect
from tests.jira.support import START, Told, at, change, fetched, ids, iso, issue, model, refused, serve
from xmo_hooks import ConfigError, Estimate, Native, Ticket, XmoError
from xmo_jira.deletions import LOOKS

SLA = {"id": "customfield_10020", "custom": True, "schema": {"custom": "com.atlassian.servicedesk:sd-sla-field"}}
DATE = {
    "id": "customfield_10031",
    "custom": True,
    "schema": {"custom": "com.atlassian.servicedesk:sd-request-feedback-date"},
}
STARS = {
    "id": "customfield_10030",
    "custom": True,
    "schema": {"custom": "com.atlassian.servicedesk:sd-request-feedback"},
}
BOTH = pytest.mark.parametrize("cloud", [True, False], ids=["cloud", "server"])


@BOTH
def test_the_cursor_of_each_page_is_the_latest_change_seen(
    httpserver: HTTPServer, connect: Connect, cloud: bool
) -> None:
    serve(httpserver, model(*(issue(n, n * 100) for n in range(1, 6)), cloud=cloud))
    pages = fetched(connect(page_size=2))
    assert ids(pages) == [1, 2, 3, 4, 5]
    assert [page.cursor for page in pages] == [{"updated": START + ids([page])[-1] * 100_000} for page in pages]
    assert len(pages) >= 3


@BOTH
def test_a_fetch_that_was_killed_after_any_page_goes_on_without_loss(
    httpserver: HTTPServer, connect: Connect, cloud: bool
) -> None:
    serve(httpserver, model(*(issue(n, n * 7) for n in range(1, 40)), cloud=cloud))
    source = connect(page_size=4, overlap=0)
    pages = fetched(source)
    for page in range(len(pages)):
        after = fetched(source, pages[page].cursor)
        assert set(ids(pages[: page + 1]) + ids(after)) == set(range(1, 40))


@BOTH
def test_a_run_reads_again_what_may_have_shown_up_late(httpserver: HTTPServer, connect: Connect, cloud: bool) -> None:
    serve(httpserver, model(*(issue(n, n * 60) for n in range(1, 31)), cloud=cloud))
    cursor = {"updated": START + 1_800_000}
    assert ids(fetched(connect(), cursor)) == list(range(20, 31))
    assert ids(fetched(connect(overlap="4m"), cursor)) == list(range(26, 31))


def test_the_cursor_never_goes_back_while_the_overlap_is_read_again(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, model(*(issue(n, n * 60) for n in range(1, 31))))
    pages = fetched(connect(page_size=4), {"updated": START + 1_800_000})
    assert {page.cursor["updated"] for page in pages} == {START + 1_800_000}


@BOTH
def test_a_first_fetch_may_begin_at_a_time(httpserver: HTTPServer, connect: Connect, cloud: bool) -> None:
    serve(httpserver, model(*(issue(n, n * 60) for n in range(1, 11)), cloud=cloud))
    assert ids(fetched(connect(), None, at(8 * 60 + 30))) == [8, 9, 10]


@BOTH
def test_a_fetch_with_nothing_new_yields_no_page_and_asks_little(
    httpserver: HTTPServer, connect: Connect, cloud: bool
) -> None:
    site = serve(httpserver, model(cloud=cloud))
    assert fetched(connect(), {"updated": START}) == []
    assert len(site.asked) <= 6


@pytest.mark.parametrize(
    "cursor", ["text", {}, {"updated": "7"}, {"updated": True}, {"updated": -1}, {"updated": 1 << 70}]
)
def test_a_cursor_of_somebody_else_is_refused(httpserver: HTTPServer, connect: Connect, cursor: object) -> None:
    serve(httpserver, model(issue(1)))
    with pytest.raises(XmoError, match="not one that a Jira source wrote"):
        fetched(connect(), cursor)


@BOTH
def test_the_number_of_requests_grows_with_pages_only(httpserver: HTTPServer, connect: Connect, cloud: bool) -> None:
    tickets = [issue(n, n) for n in range(400)]
    site = serve(httpserver, model(*tickets, cloud=cloud))
    asked = []
    for size in (100, 50):
        site.asked.clear()
        assert len(set(ids(fetched(connect(page_size=size))))) == 400
        asked.append(len(site.asked))
    per_page = 2 if cloud else 1  # on Cloud the history of a page is a request of its own
    assert asked[0] <= 6 + per_page * 7
    assert asked[1] <= 6 + per_page * 14


def test_cloud_is_asked_with_a_bound_in_milliseconds_and_with_fields(httpserver: HTTPServer, connect: Connect) -> None:
    site = serve(httpserver, model(issue(1), fields=[SLA]))
    fetched(connect(projects=["SUP", "IT"], jql="labels != internal", fields={"unit": "customfield_10050"}))
    (body,) = site.searches()
    assert body["jql"] == (
        'project in ("SUP", "IT") AND (labels != internal) AND updated >= 0 ORDER BY updated ASC, id ASC'
    )
    assert {"status", "updated", "comment", "customfield_10020", "customfield_10050"} <= set(body["fields"])
    assert body["properties"] == ["request.channel.type"]
    ((_, changes),) = [one for one in site.asked if one[0].endswith("changelog/bulkfetch")]
    assert changes["issueIdsOrKeys"] == ["10001"]
    assert changes["fieldIds"] == ["status", "assignee", "resolution", "duedate"]


def test_who_holds_a_ticket_is_not_asked_for_where_a_field_names_the_team(
    httpserver: HTTPServer, connect: Connect
) -> None:
    site = serve(httpserver, model(issue(1)))
    fetched(connect(group="customfield_10060", promised="customfield_10070"))
    ((_, changes),) = [one for one in site.asked if one[0].endswith("changelog/bulkfetch")]
    assert changes["fieldIds"] == ["status", "customfield_10060", "resolution", "customfield_10070"]
    assert not [body for body in site.searches() if "assignee" in body["fields"]]


def test_data_center_is_asked_in_the_accounts_own_time(httpserver: HTTPServer, connect: Connect) -> None:
    site = serve(httpserver, model(issue(1, 3600 * 12), cloud=False))
    fetched(connect(overlap=0), {"updated": START + 3600 * 12 * 1000 + 59_999})
    (body,) = site.searches()
    assert body["jql"] == 'updated >= "2026-01-01 13:00" ORDER BY updated ASC, key ASC'
    assert body["expand"] == ["changelog"]
    assert "properties" not in body


@BOTH
def test_neither_history_nor_comments_are_asked_for_where_they_are_not_wanted(
    httpserver: HTTPServer, connect: Connect, cloud: bool
) -> None:
    site = serve(httpserver, model(issue(1), cloud=cloud, histories={"10001": [change(1, 1, assignee=("a", "b"))]}))
    source = connect(history=False, touchpoints=False)
    (page,) = fetched(source)
    assert not any("changelog" in path or "changelog" in body.get("expand", ()) for path, body in site.asked)
    assert "comment" not in site.searches()[0]["fields"]
    (only,) = source.parse(page.rows[0])
    assert isinstance(only, Ticket)
    assert (only.reopens, only.reassignments) == (0, 0)


def test_the_history_of_all_tickets_of_a_page_comes_in_bulk(httpserver: HTTPServer, connect: Connect) -> None:
    histories = {str(10_000 + n): [change(n, 0.5, assignee=("a", "b"))] * (n % 2) for n in range(1, 13)}
    site = serve(httpserver, model(*(issue(n) for n in range(1, 13)), histories=histories))
    source = connect()
    (page,) = fetched(source)
    handed_on = [
        ticket.reassignments for row in page.rows for ticket in source.parse(row) if isinstance(ticket, Ticket)
    ]
    assert handed_on == [n % 2 for n in range(1, 13)]
    assert sum(path.endswith("changelog/bulkfetch") for path, _ in site.asked) == 3


@BOTH
def test_tickets_are_fetched_by_key_and_those_that_are_gone_are_left_out(
    httpserver: HTTPServer, connect: Connect, cloud: bool
) -> None:
    site = serve(httpserver, model(*(issue(n) for n in range(1, 251)), cloud=cloud, cap=60 if not cloud else 1000))
    source = connect()
    keys = [str(10_000 + n) for n in range(1, 300)]
    rows = source.fetch_some([*keys, keys[0], "row:4f2a"])
    assert sorted(int(row["id"]) for row in rows) == list(range(10_001, 10_251))
    assert all(next(iter(source.parse(row))) for row in rows)
    assert len(site.asked) < 20


def test_a_row_is_parsed_by_the_facts_it_brings_with_it(httpserver: HTTPServer, connect: Connect) -> None:
    cycle = {"completedCycles": [{"breached": True}]}
    serve(httpserver, model(issue(1, customfield_10020=cycle), fields=[SLA]))
    (page,) = fetched(connect())
    another = connect()  # as in a replay, which asks nothing before it parses
    (ticket, *_) = another.parse(page.rows[0])
    assert isinstance(ticket, Ticket)
    assert ticket.sla_met is False


@BOTH
def test_what_a_fetch_would_bring_is_counted(httpserver: HTTPServer, connect: Connect, cloud: bool) -> None:
    serve(httpserver, model(*(issue(n, n * 60) for n in range(1, 31)), cloud=cloud))
    source = connect(page_size=4, overlap=0)
    assert source.count(None, None) == Estimate(tickets=30, requests=16 if cloud else 8)
    assert source.count({"updated": START + 1_740_000}, None) == Estimate(tickets=2, requests=2 if cloud else 1)
    assert source.count(None, at(1_800)) == Estimate(tickets=1, requests=2 if cloud else 1)


def test_a_site_that_cannot_count_is_not_an_error(httpserver: HTTPServer, connect: Connect) -> None:
    site = serve(httpserver, model(issue(1)))
    path = "/rest/api/3/search/approximate-count"
    site.before[path] = [refused("")]
    with pytest.raises(XmoError):
        connect().count(None, None)
    site.before[path] = [refused("")]
    site.before[path][0].status_code = 404
    assert connect().count(None, None) is None


def test_tickets_rated_lately_come_although_they_have_not_changed(httpserver: HTTPServer, connect: Connect) -> None:
    rated = {"customfield_10030": {"rating": 4}, "customfield_10031": iso(9_000)}
    tickets = [issue(1, 10, **rated), issue(2, 20), issue(3, 7200, **rated)]
    site = serve(httpserver, model(*tickets, fields=[STARS, DATE]))
    source = connect()
    cursor = {"updated": START + 7_200_000}
    pages = fetched(source, cursor)
    assert ids(pages) == [3, 1]
    assert [page.cursor for page in pages] == [cursor, cursor]
    assert "cf[10031] >= -7d" in site.searches()[-1]["jql"]
    (native,) = [one for one in source.parse(pages[1].rows[0]) if isinstance(one, Native)]
    assert (native.key, native.at, native.answer.value) == ("csat", at(9), 4)


def test_a_first_fetch_does_not_look_for_ratings_apart(httpserver: HTTPServer, connect: Connect) -> None:
    site = serve(httpserver, model(issue(1), fields=[STARS, DATE]))
    assert ids(fetched(connect())) == [1]
    assert len(site.searches()) == 1


def test_a_site_that_does_not_search_by_rating_says_so_and_goes_on(
    httpserver: HTTPServer, connect: Connect, log: Told
) -> None:
    site = serve(httpserver, model(issue(1), fields=[STARS, DATE]))
    search = site.search

    def picky(body: Any) -> Any:
        return refused("Field 'cf[10031]' does not support this.") if "cf[" in body["jql"] else search(body)

    site.searcher = picky
    assert ids(fetched(connect(), {"updated": START})) == [1]
    assert [event for event, _ in log.infos] == ["ratings are not searched"]


@BOTH
def test_a_condition_that_jira_refuses_is_a_mistake_in_the_config(
    httpserver: HTTPServer, connect: Connect, cloud: bool
) -> None:
    site = serve(httpserver, model(issue(1), cloud=cloud))
    site.searcher = lambda _: refused("The value 'SUB' does not exist for the field 'project'.")
    with pytest.raises(ConfigError, match="'SUB' does not exist") as caught:
        fetched(connect(projects=["SUB"]))
    assert "projects" in caught.value.hint


@BOTH
def test_a_ticket_that_is_no_longer_shown_is_gone(httpserver: HTTPServer, connect: Connect, cloud: bool) -> None:
    site = serve(httpserver, model(*(issue(n) for n in range(1, 151)), cloud=cloud))
    keys = [str(10_000 + n) for n in range(1, 151)]
    del site.issues["10003"], site.issues["10149"]
    assert sorted(connect().gone([*keys, "no-id"])) == ["10003", "10149"]


def test_a_ticket_that_could_not_be_fetched_this_time_is_not_gone(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, model(*(issue(n) for n in range(1, 4)), refused={"10002"}))
    assert list(connect().gone(["10001", "10002", "10009"])) == ["10009"]


@BOTH
def test_a_ticket_that_the_search_misses_and_that_is_there_is_not_gone(
    httpserver: HTTPServer, connect: Connect, cloud: bool
) -> None:
    site = serve(httpserver, model(*(issue(n) for n in range(1, 6)), cloud=cloud, unshown={"10002", "10004"}))
    del site.issues["10004"]
    assert list(connect().gone(["10001", "10002", "10004"])) == ["10004"]
    looks = [(path[path.index("/issue") :], asked) for path, asked in site.asked if "/issue/10" in path]
    assert looks == [(f"/issue/{key}", {"fields": "updated"}) for key in ("10002", "10004")]


@BOTH
def test_a_ticket_that_is_hidden_from_the_account_is_not_gone(
    httpserver: HTTPServer, connect: Connect, cloud: bool
) -> None:
    serve(httpserver, model(issue(1), issue(2), cloud=cloud, hidden={"10002"}))
    assert list(connect().gone(["10001", "10002", "10003"])) == ["10003"]


@BOTH
def test_of_many_lost_tickets_some_are_looked_at_and_answer_for_the_rest(
    httpserver: HTTPServer, connect: Connect, cloud: bool
) -> None:
    site = serve(httpserver, model(issue(1), cloud=cloud))
    for count in (LOOKS, LOOKS + 1, 500):
        keys, before = [str(20_000 + n) for n in range(count)], len(site.asked)
        assert sorted(connect().gone(["10001", *keys])) == keys
        looked = [path.rpartition("/")[2] for path, _ in site.asked[before:] if "/issue/2" in path]
        assert len(set(looked)) == len(looked) <= LOOKS
    assert int(looked[-1]) - int(looked[0]) >= 450  # not the first ones alone


@BOTH
def test_where_one_of_many_lost_tickets_is_there_only_those_looked_at_are_gone(
    httpserver: HTTPServer, connect: Connect, cloud: bool
) -> None:
    there = [issue(n) for n in range(1, 101)]
    site = serve(httpserver, model(*there, cloud=cloud, unshown={one["id"] for one in there}))
    keys = [str(10_000 + n) for n in range(1, 501)]
    gone = list(connect().gone(keys))
    assert 0 < len(gone) < LOOKS
    assert not site.issues.keys() & set(gone)


def test_times_are_utc(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, model(issue(1, 3.25)))
    source = connect()
    (page,) = fetched(source)
    (ticket, *_) = source.parse(page.rows[0])
    assert isinstance(ticket, Ticket)
    assert ticket.changed_at == datetime(2026, 1, 1, 0, 0, 3, 250_000, UTC)
