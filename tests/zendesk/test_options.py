"""The options: every mistake is named, and secrets are never shown."""

from typing import Any

import pytest
from marshmallow import ValidationError

from tests.zendesk.support import URL, options
from xmo_zendesk.options import OptionsSchema


class Wrapped:
    """A secret as the core hands it over."""

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __str__(self) -> str:
        return "***"


def mistakes(**values: Any) -> dict[str, Any]:
    with pytest.raises(ValidationError) as refused:
        OptionsSchema().load({"url": URL, "token": "t", **values})
    found: dict[str, Any] = refused.value.messages_dict
    return found


@pytest.mark.parametrize(
    ("given", "way"),
    [
        ({"token": "t"}, "access token"),
        ({"token": "t", "username": "xmo@example.org"}, "api token"),
        ({"client_id": "xmo", "client_secret": "s"}, "client credentials"),
        ({"client_id": "xmo", "client_secret": "s", "refresh_token": "r"}, "refresh token"),
    ],
)
def test_there_are_four_ways_in(given: dict[str, str], way: str) -> None:
    assert options(**given).way == way


@pytest.mark.parametrize(
    ("given", "culprit"),
    [
        ({}, "client_id"),
        ({"username": "xmo"}, "token"),
        ({"client_id": "xmo"}, "client_secret"),
        ({"client_secret": "s"}, "client_id"),
        ({"refresh_token": "r"}, "client_id"),
        ({"client_id": "xmo", "client_secret": "s", "token": "t"}, "token"),
        ({"client_id": "xmo", "client_secret": "s", "username": "u"}, "username"),
    ],
)
def test_half_a_way_in_is_named(given: dict[str, str], culprit: str) -> None:
    with pytest.raises(ValidationError) as refused:
        OptionsSchema().load({"url": URL, **given})
    assert list(refused.value.messages_dict) == [culprit]


def test_the_defaults() -> None:
    here = options(token="t")
    assert (here.page_size, here.touchpoints, here.requester_kind) == (500, False, "customer")
    whole = OptionsSchema().load({"url": "https://acme.zendesk.com/", "token": "t"})
    assert (whole.sla, whole.surveys, whole.url) == (True, True, URL)


def test_places_are_listed_once() -> None:
    here = options(service=360, category="form", fields={"a": 360, "b": "user_fields.x"})
    assert here.places == (360, "form", "user_fields.x")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"url": "acme.zendesk.com"}, "url"),
        ({"url": "https://acme.zendesk.com/?a=b"}, "url"),
        ({"url": "https://gateway.example.com/zd"}, "url"),
        ({"merged_tags": [""]}, "merged_tags"),
        ({"page_size": 1001}, "page_size"),
        ({"page_size": "500"}, "page_size"),
        ({"service": "tag"}, "service"),
        ({"service": True}, "service"),
        ({"category": 0}, "category"),
        ({"fields": {"Department": 1}}, "fields"),
        ({"fields": {"department": "user.department"}}, "fields"),
        ({"states": {"1": "done"}}, "states"),
        ({"kinds": {"task": "A task"}}, "kinds"),
        ({"machines": ["bot"]}, "machines"),
        ({"machines": [True]}, "machines"),
        ({"touchpoints": "yes"}, "touchpoints"),
        ({"locale": "../x"}, "locale"),
        ({"requester_kind": "friend"}, "requester_kind"),
        ({"token": "two words"}, "token"),
        ({"token": Wrapped("")}, "token"),
        ({"token": 7}, "token"),
        ({"tables": ["incident"]}, "tables"),
    ],
)
def test_a_mistake_is_named_by_its_option(values: dict[str, Any], field: str) -> None:
    assert list(mistakes(**values)) == [field]


def test_secrets_are_not_shown() -> None:
    here = options(client_id="xmo", client_secret=Wrapped("s3cret"), refresh_token=Wrapped("r3fresh"))
    assert "s3cret" not in repr(here)
    assert "r3fresh" not in repr(here)
    assert "pass word" not in str(mistakes(token=Wrapped("pass word")))


def test_users_who_are_machines_may_be_written_as_numbers() -> None:
    assert options(machines=[360, "-1"]).machines == {"360", "-1"}


def test_an_address_with_a_path_behind_which_no_limit_would_hold_is_refused_with_its_reason() -> None:
    (said,) = mistakes(url="https://gateway.example.com/zd")["url"]
    assert "no path" in said
