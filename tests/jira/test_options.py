"""The options of a source: what may be written, and what is said about a mistake."""

import inspect
import tomllib
from datetime import timedelta
from typing import Any

import pytest
from marshmallow import ValidationError

import xmo_jira.options
from tests.jira.support import URL, options
from xmo_jira.options import OptionsSchema, reveal


def mistakes(**values: Any) -> dict[str, Any]:
    with pytest.raises(ValidationError) as caught:
        options(**values)
    found: dict[str, Any] = caught.value.messages_dict
    return found


def test_what_is_not_written_has_a_default() -> None:
    read = options(url=f"{URL}/")
    assert (read.url, read.projects, read.deployment, read.service_desk) == (URL, (), None, None)
    assert (read.service, read.category, read.group, read.promised) == ("project", "request_type", "", "duedate")
    assert (read.page_size, read.overlap, read.requester_kind) == (100, timedelta(minutes=10), "employee")
    assert (read.history, read.touchpoints, read.token_url) == (True, True, "https://auth.atlassian.com/oauth/token")


def test_the_examples_in_the_documentation_load() -> None:
    text = inspect.getdoc(xmo_jira.options) or ""
    code = "\n".join(line[4:] for line in text.splitlines() if line.startswith("    "))
    sources = tomllib.loads(code)["sources"]
    read = {}
    for name, source in sources.items():
        assert source.pop("kind") == "jira"
        read[name] = OptionsSchema().load(
            {
                k: "secret" if isinstance(v, dict) and len(v) == 1 and {"env", "file"} & v.keys() else v
                for k, v in source.items()
            }
        )
    assert read["desk"].states == {"Waiting for customer": "waiting", "10105": "on_hold"}
    assert read["desk"].fields == {"department": "customfield_10050"}
    assert read["oauth"].site_url == "https://acme.atlassian.net"


@pytest.mark.parametrize(
    ("way", "culprit"),
    [
        ({"username": "xmo"}, "token"),
        ({"password": "pw"}, "username"),
        ({"username": "xmo", "password": "pw", "token": "t"}, "password"),
        ({"client_id": "abc"}, "client_secret"),
        ({"client_id": "abc", "client_secret": "s", "token": "t"}, "token"),
        ({"client_secret": "s", "refresh_token": "r"}, "client_id"),
    ],
)
def test_there_is_exactly_one_way_to_log_in(way: dict[str, str], culprit: str) -> None:
    with pytest.raises(ValidationError) as caught:
        OptionsSchema().load({"url": URL, **way})
    assert list(caught.value.messages_dict) == [culprit]
    with pytest.raises(ValidationError, match="Log in one way"):
        OptionsSchema().load({"url": URL})


@pytest.mark.parametrize(
    "way",
    [
        {"username": "xmo@example.com", "token": "t"},
        {"username": "xmo", "password": "pä ss"},
        {"token": "t"},
        {"client_id": "a", "client_secret": "b"},
        {"client_id": "a", "client_secret": "b", "refresh_token": "c"},
    ],
)
def test_each_way_to_log_in_is_taken(way: dict[str, str]) -> None:
    read = options(**way)
    assert {name: reveal(getattr(read, name)) for name in way} == way


@pytest.mark.parametrize(
    ("values", "culprit"),
    [
        ({"url": "acme.atlassian.net"}, "url"),
        ({"url": "https://acme.atlassian.net/?a=1"}, "url"),
        ({"url": "https://user:pw@acme.atlassian.net"}, "url"),
        ({"site_url": "acme"}, "site_url"),
        ({"token": "two words"}, "token"),
        ({"token": ""}, "token"),
        ({"token": 7}, "token"),
        ({"projects": ['SUP") OR (a = "']}, "projects"),
        ({"projects": [""]}, "projects"),
        ({"deployment": "datacenter"}, "deployment"),
        ({"states": {"Open": "done"}}, "states"),
        ({"kinds": {"Bug": "Two words"}}, "kinds"),
        ({"fields": {"Department": "customfield_1"}}, "fields"),
        ({"fields": {"department": "cf[1]"}}, "fields"),
        ({"service": "two words"}, "service"),
        ({"overlap": "soon"}, "overlap"),
        ({"overlap": -1}, "overlap"),
        ({"page_size": 1}, "page_size"),
        ({"page_size": 5000}, "page_size"),
        ({"service_desk": "never"}, "service_desk"),
        ({"history": "yes"}, "history"),
        ({"requester_kind": "robot"}, "requester_kind"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_mistake_is_named(values: dict[str, Any], culprit: str) -> None:
    assert list(mistakes(**values)) == [culprit]


@pytest.mark.parametrize(
    ("jql", "said"),
    [
        ("", "must not be empty"),
        ("   ", "must not be empty"),
        ("a = 1) OR (b = 2", "do not match"),
        ("(a = 1", "do not match"),
        ('a = "b', "do not match"),
        ("a = 1 ORDER BY b", "without order by"),
        ("a = 1 order  by b", "without order by"),
    ],
)
def test_a_condition_that_would_not_stay_in_its_parentheses_is_refused(jql: str, said: str) -> None:
    (message,) = mistakes(jql=jql)["jql"]
    assert said in message.lower()


@pytest.mark.parametrize("jql", ['a = ") order by"', "(a = 1 OR b in (2, 3)) AND c = ')('", r'a = "\")"', "border = 1"])
def test_a_condition_that_holds_together_is_taken_as_it_is(jql: str) -> None:
    assert options(jql=jql).jql == jql


@pytest.mark.parametrize(("written", "meant"), [(True, True), (False, False), ("auto", None)])
def test_service_management_is_used_or_not_or_tried(written: Any, meant: bool | None) -> None:
    assert options(service_desk=written).service_desk is meant


@pytest.mark.parametrize(("written", "minutes"), [("10m", 10), ("1h", 60), (90, 1.5), (0, 0)])
def test_the_overlap_is_a_length_of_time(written: Any, minutes: float) -> None:
    assert options(overlap=written).overlap == timedelta(minutes=minutes)


def test_every_option_says_what_it_is_for_or_has_a_plain_name() -> None:
    plain = {"url", "token_url", "client_secret", "projects"}
    for name, field in OptionsSchema().fields.items():
        assert "meaning" in field.metadata or (field.data_key or name) in plain


def test_a_secret_is_shown_nowhere() -> None:
    class Hidden:
        def reveal(self) -> str:
            return "t0p"

        def __repr__(self) -> str:
            return "***"

    read = options(username="xmo", token=Hidden())
    assert reveal(read.token) == "t0p"
    assert "t0p" not in repr(read)
    assert "t0p" not in str(mistakes(username="xmo", token="t0p", url="nowhere"))
