"""The fixtures themselves: what every other test stands on."""

import os

import pytest
from sqlalchemy import create_engine, inspect, text

from tests.conftest import Need


@pytest.mark.parametrize("_round", [1, 2])
def test_every_test_gets_an_empty_store_on_each_database(store_url: str, _round: int) -> None:
    engine = create_engine(store_url)
    with engine.begin() as connection:
        assert inspect(connection).get_table_names() == []
        connection.execute(text("CREATE TABLE ticket (key TEXT)"))
        connection.execute(text("INSERT INTO ticket VALUES ('ä')"))
        assert connection.execute(text("SELECT key FROM ticket")).scalar_one() == "ä"
    engine.dispose()


def test_a_machine_that_lacks_something_skips_and_says_why(need: Need, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no browser"):
        need(False, "no browser")
    need(True, "not reached")


def test_under_ci_a_skip_is_a_failure(need: Need, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no browser"):
        need(False, "no browser")


def test_no_setting_of_the_shell_reaches_a_test() -> None:
    assert not [name for name in os.environ if name.startswith("XMO_") and not name.startswith("XMO_TEST_")]
