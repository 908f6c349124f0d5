"""The options of a source: what may be written, and what is said about a mistake."""

import inspect
import tomllib
from datetime import timedelta
from typing import Any

import pytest
from marshmallow import ValidationError

import xmo_servicenow.options
from tests.servicenow.support import options
from xmo_servicenow.options import OptionsSchema, TableOptions
from xmo_servicenow.secret import reveal


def mistakes(**values: Any) -> dict[str, Any]:
    with pytest.raises(ValidationError) as caught:
        options(**values)
    found: dict[str, Any] = caught.value.messages_dict
    return found


def test_what_is_not_written_has_a_default() -> None:
    read = options(url="https://acme.service-now.com/")
    assert read.url == "https://acme.service-now.com"
    assert read.tables == (TableOptions(name="incident", kind="incident"),)
    assert (read.page_size, read.overlap, read.requester_kind) == (500, timedelta(seconds=120), "employee")


def test_the_example_in_the_documentation_loads() -> None:
    text = inspect.getdoc(xmo_servicenow.options) or ""
    code = [line[4:] for line in text.splitlines() if line.startswith("    ")]
    source = tomllib.loads("\n".join(code).replace('tables = ["incident", "sc_req_item"]', ""))["sources"]["corp"]
    source = {**source, "password": "pw"}
    del source["kind"]
    read = OptionsSchema().load(source)
    assert [table.name for table in read.tables] == ["incident", "u_ticket"]
    assert read.tables[1].fields == {"requester": "u_customer"}


def test_a_table_is_a_name_or_a_table_of_its_own() -> None:
    own = {"name": "u_ticket", "kind": "incident", "states": {"6": "resolved"}, "fields": {"service": "u_service"}}
    read = options(tables=["sc_req_item", own])
    assert [(table.name, table.kind) for table in read.tables] == [("sc_req_item", "request"), ("u_ticket", "incident")]
    assert (read.tables[1].states, read.tables[1].fields) == ({"6": "resolved"}, {"service": "u_service"})


def test_the_vendors_own_table_may_hold_another_kind() -> None:
    assert options(tables=[{"name": "incident", "kind": "alarm"}]).tables[0].kind == "alarm"


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        (["u_ticket"], 'kind = "incident"'),
        ([], "at least one table"),
        (["incident", {"name": "incident"}], "Named twice: incident"),
        (["incident^active"], "Not the name of a table"),
        ([{"name": "incident", "states": {"6": "done"}}], "Must be one of: new"),
        ([{"name": "incident", "colour": "red"}], "Unknown field"),
        ([7], "Invalid input type"),
    ],
)
def test_a_mistake_in_a_table_is_named(tables: object, said: str) -> None:
    assert said in str(mistakes(tables=tables))


PERSON = {"username": "xmo", "password": "pw"}
CLIENT = {"client_id": "c1", "client_secret": "cs"}


@pytest.mark.parametrize(
    "way",
    [PERSON, {"token": "t"}, {"api_key": "k"}, CLIENT, CLIENT | PERSON, CLIENT | {"refresh_token": "r", "scope": "s"}],
)
def test_each_way_to_log_in_is_taken(way: dict[str, str]) -> None:
    read = options(**way)
    assert {name: getattr(read, name) for name in way} == way


@pytest.mark.parametrize(
    ("way", "culprit", "said"),
    [
        ({"username": "xmo"}, "password", "Is missing: username logs in with password."),
        ({"password": "pw"}, "username", "Is missing: password logs in with username."),
        ({"token": "t", "username": "xmo"}, "token", "Logs in alone: leave out username, or token."),
        ({"token": "t", **PERSON}, "token", "Logs in alone: leave out password, username, or token."),
        ({"token": "t", "api_key": "k"}, "token", "Logs in alone: leave out api_key, or token."),
        ({"api_key": "k", **CLIENT}, "api_key", "Logs in alone: leave out client_id, client_secret, or api_key."),
        ({"client_id": "c1"}, "client_secret", "Is missing: client_id logs in with client_secret."),
        ({"client_secret": "cs", **PERSON}, "client_id", "Is missing: client_secret logs in with client_id."),
        ({**CLIENT, "username": "xmo"}, "password", "Is missing: username logs in with password."),
        ({"refresh_token": "r"}, "client_id", "Is missing: refresh_token logs in with client_id and client_secret."),
        (
            {"refresh_token": "r", **PERSON, **CLIENT},
            "refresh_token",
            "Log in one way: leave out refresh_token, or username and password.",
        ),
        ({**PERSON, "scope": "s"}, "scope", "Belongs to client_id and client_secret."),
    ],
)
def test_any_other_combination_is_told_what_is_wrong_with_it(way: dict[str, str], culprit: str, said: str) -> None:
    assert mistakes(**way) == {culprit: [said]}


def test_without_a_log_in_all_ways_are_named() -> None:
    with pytest.raises(ValidationError, match=r"Say how to log in.*token; api_key; client_id"):
        OptionsSchema().load({"url": "https://acme.service-now.com"})


@pytest.mark.parametrize("name", ["token", "api_key"])
@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", 7])
def test_a_token_that_cannot_be_sent_is_refused_without_being_repeated(name: str, token: object) -> None:
    found = str(mistakes(**{name: token}))
    assert name in found
    assert "words" not in found
    assert "break" not in found


def test_secrets_do_not_show_in_the_options() -> None:
    assert "s3cret" not in repr(options(token="s3cret")) + repr(options(api_key="s3cret"))
    assert "s3cret" not in repr(options(client_id="c1", client_secret="s3cret", refresh_token="s3cret"))
    assert reveal(options(username="xmo", password="s3cret").password) == "s3cret"


@pytest.mark.parametrize(
    ("written", "meant"), [("2m", 120), ("1h", 3600), ("30s", 30), ("1d", 86_400), (90, 90), (0, 0)]
)
def test_the_overlap_is_a_length_of_time(written: object, meant: int) -> None:
    assert options(overlap=written).overlap == timedelta(seconds=meant)


@pytest.mark.parametrize(
    "values",
    [
        {"overlap": "soon"},
        {"overlap": -1},
        {"overlap": True},
        {"page_size": 0},
        {"page_size": "500"},
        {"url": "acme"},
        {"url": "ftp://acme.example"},
        {"url": "https://acme.example/?a=b"},
        {"fields": {"site": "u_site,active"}},
        {"fields": {"Site": "u_site"}},
        {"states": {"6": "done"}},
        {"requester_kind": "agent"},
        {"sla": "yes"},
        {"surveys": 7},
        {"touchpoints": "true"},
        {"machines": [""]},
        {"page": 5},
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_name(values: dict[str, object]) -> None:
    assert list(mistakes(**values)) == list(values)
