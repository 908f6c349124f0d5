"""What the words of a site mean."""

from typing import Any

import pytest

from tests.jira.support import options
from xmo_jira.states import Vocabulary, priority_of


def words(**values: Any) -> Vocabulary:
    return Vocabulary(options(**values))


@pytest.mark.parametrize(
    ("name", "category", "state"),
    [
        ("Anything", "new", "new"),
        ("Anything", "indeterminate", "in_progress"),
        ("Anything", "done", "resolved"),
        ("Waiting for customer", "indeterminate", "waiting"),
        ("WAITING FOR CUSTOMER", "new", "waiting"),
        ("Pending", "indeterminate", "on_hold"),
        ("Resolved", "done", "resolved"),
        ("Closed", "done", "closed"),
        ("Canceled", "done", "cancelled"),
        ("Cancelled", "done", "cancelled"),
        ("Declined", "done", "cancelled"),
        ("Closed", "indeterminate", "in_progress"),  # a name that contradicts its category says nothing
        ("Pending", "done", "resolved"),
        ("Closed", None, "closed"),
        ("Open", None, "unknown"),
        ("Open", "undefined", "unknown"),
    ],
)
def test_a_status_is_understood_by_its_category_and_then_by_its_name(
    name: str, category: str | None, state: str
) -> None:
    assert words().state(("7", name, category)) == state


def test_the_options_win_over_name_and_category() -> None:
    own = words(states={"With Supplier": "on_hold", "10105": "cancelled", "closed": "resolved"})
    assert own.state(("1", "with supplier", "indeterminate")) == "on_hold"
    assert own.state(("10105", "Weg", "done")) == "cancelled"
    assert own.state(("6", "Closed", "done")) == "resolved"
    assert own.state(("6", "Closed", "done"), "Duplicate") == "resolved"


@pytest.mark.parametrize("resolution", ["Won't Do", "Won’t do", "Duplicate", "Canceled", "Declined"])
def test_an_end_without_anything_done_is_cancelled(resolution: str) -> None:
    assert words().state(("5", "Resolved", "done"), resolution) == "cancelled"
    assert words().state(("3", "In progress", "indeterminate"), resolution) == "in_progress"
    assert words().state(("5", "Resolved", "done"), "Done") == "resolved"


@pytest.mark.parametrize(
    ("issue_type", "kind"),
    [
        ("[System] Incident", "incident"),
        ("Incident", "incident"),
        ("[System] Service request", "request"),
        ("Service Request", "request"),
        ("[System] Problem", "problem"),
        ("Change", "change"),
        ("Bug", "task"),
        ("", "task"),
        ("Access request", "request"),
    ],
)
def test_an_issue_type_is_a_kind_of_ticket(issue_type: str, kind: str) -> None:
    assert words(kinds={"access request": "request"}).kind(issue_type) == kind


def test_a_kind_of_the_options_wins() -> None:
    assert words(kinds={"Incident": "alarm"}).kind("[System] Incident") == "alarm"
    assert words(kinds={"[System] Incident": "alarm"}).kind("[System] Incident") == "alarm"


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("Highest", "critical"),
        ("Critical", "critical"),
        ("High", "high"),
        ("Medium", "medium"),
        ("Low", "low"),
        ("Lowest", "low"),
        ("Blocker", "blocker"),
        (None, None),
        ("", None),
    ],
)
def test_a_priority_is_one_of_four_words_or_the_vendors_own(name: str | None, word: str | None) -> None:
    assert priority_of(name) == word
