"""Secrets: seen by whoever sends them, and by nobody else."""

import json
import pickle
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from xmo_core import secrets
from xmo_core.secrets import Secret, is_secret, learn_url, redact


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_known", {})


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret("correct horse battery")
    assert [str(secret), repr(secret), f"{secret:>9}", f"{[secret]}"] == ["***", "***", "***", "[***]"]
    assert not isinstance(secret, str)
    assert secret.reveal() == "correct horse battery"


def test_secrets_are_equal_by_value_and_never_equal_to_text() -> None:
    assert Secret("same words") == Secret("same words")
    assert Secret("same words") != Secret("other words")
    assert Secret("same words") != "same words"
    assert len({Secret("same words"), Secret("same words")}) == 1
    assert Secret("x")
    assert not Secret("")


def test_a_secret_cannot_be_written_to_disk() -> None:
    with pytest.raises(TypeError, match="not copied"):
        pickle.dumps(Secret("correct horse battery"))


WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="*"))


@given(WORDS.filter(lambda word: len(word) >= 4), WORDS, WORDS)
@example("pass/wörd 1", "", "")
def test_a_known_secret_is_found_in_any_text(value: str, before: str, after: str) -> None:
    Secret(value)
    in_json = (json.dumps(value, ensure_ascii=plain)[1:-1] for plain in (True, False))
    for form in (value, quote(value), quote(value, safe=""), *in_json):
        assert form not in redact(f"{before}{form}{after}")
    assert repr(value)[1:-1] not in redact(repr([before, value, after]))


def test_a_secret_that_begins_like_another_leaves_no_rest() -> None:
    Secret("abcd")
    Secret("abcdefgh")
    assert redact("abcdefgh") == "***"


def test_a_word_too_short_to_be_a_secret_does_not_black_out_the_text() -> None:
    Secret("on")
    assert redact("one person") == "one person"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Authorization: Basic eG1vOmh1bnRlcjI=", "Authorization: Basic ***"),
        ("authorization: bearer abc.def-ghi_jkl", "authorization: bearer ***"),
        ("at https://xmo:pa55@acme.example/api", "at https://***@acme.example/api"),
        ("at https://acme.example/a@b:c", "at https://acme.example/a@b:c"),
        ("a basic understanding", "a basic ***"),
        ("the bearer is nice", "the bearer is nice"),
    ],
)
def test_credentials_that_nobody_announced_are_found_by_their_shape(text: str, clean: str) -> None:
    assert redact(text) == clean


def test_the_password_of_a_url_is_learned() -> None:
    learn_url("postgresql+psycopg://xmo:s3cret-of-store@db/xmo")
    learn_url("sqlite:///xmo.db")
    assert redact("FATAL: s3cret-of-store") == "FATAL: ***"


def test_options_are_secret_by_name() -> None:
    assert all(map(is_secret, ["password", "token", "key", "secret", "client_secret", "smtp_password", "api_key"]))
    assert not any(map(is_secret, ["username", "keys", "project_key", "tokens", "secretary"]))
