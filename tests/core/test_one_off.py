"""Rules in a file that the config names: they work like a plugin, and what is wrong with one is said with its place."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.core.support import DAY, HOUR, NOW, Place, feeling, ticket
from xmo_core import registry
from xmo_core.desk import StoreDesk
from xmo_core.office import open_office
from xmo_core.one_off import named_in
from xmo_core.store import tables as t
from xmo_hooks import Occasion, Person

PAGE = (Path(__file__).parents[2] / "docs" / "xmo-team.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
SKIP = """
from xmo_hooks import Skip, hookimpl

@hookimpl
def xmo_decide(occasion):
    return Skip(rule="site.never", reason="Never.") if occasion.ticket.key == "1" else None
"""
SCORE = """
from xmo_hooks import hookimpl

@hookimpl
def xmo_score(experience):
    return {"site.score": 500}
"""


def name_rules(place: Place, *names: str) -> None:
    config = place.folder / "xmo.toml"
    listed = ", ".join(f'"{name}"' for name in names)
    before = config.read_text(encoding="utf-8")
    config.write_text(before.replace("[store]", f"rules = [{listed}]\n[store]"), encoding="utf-8")


def write(place: Place, name: str, code: str) -> None:
    (place.folder / name).write_text(code, encoding="utf-8")


def run_twice(place: Place, *keys: str) -> int:
    """Switch asking on, end these tickets, and run; returns the exit code of that last run."""
    place.xmo("run")
    place.tickets("corp", **dict.fromkeys(keys, NOW + HOUR))
    return place.xmo("run", now=NOW + 2 * HOUR).code


def numbers(place: Place) -> list[str]:
    """The tickets about which a question is on its way."""
    return [one["number"] for one in place.xmo("invitations", "list", "--json").json]


def asked(place: Place) -> str:
    comments = place.folder / "corp" / "comments.txt"
    return comments.read_text(encoding="utf-8") if comments.exists() else ""


def test_a_trigger_in_a_file_votes_like_that_of_a_plugin(place: Place) -> None:
    write(place, "rules.py", SKIP)
    name_rules(place, "rules.py")
    assert run_twice(place, "1", "2") == 0
    assert numbers(place) == ["INC2"]


def test_a_file_is_listed_with_its_hooks_and_lies_beside_the_config(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (place.folder / "team").mkdir()
    write(place, "team/rules.py", SKIP + SCORE)
    name_rules(place, "team/rules.py")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    done = place.xmo("--config", str(place.folder / "xmo.toml"), "plugins")
    assert done.code == 0
    assert re.search(r"team/rules\.py [0-9a-f]{12}: xmo_decide, xmo_score", done.out)


def test_a_changed_file_is_another_version_so_that_answers_are_scored_again(place: Place) -> None:
    name_rules(place, "rules.py")
    versions, told = [], []
    for code in (SCORE, SCORE.replace("500", "600"), SCORE):
        write(place, "rules.py", code)
        loaded = registry.load([], named_in(place.folder / "xmo.toml"))
        versions.append(next(one.version for one in loaded.plugins()))
        told += loaded.call("xmo_score", experience=None, settings=None)
    assert versions[0] == versions[2] != versions[1]
    assert [scores["site.score"] for _, scores in told] == [500, 600, 500]
    assert not (place.folder / "__pycache__").exists()


def test_a_file_may_bring_a_section_and_read_it(place: Place) -> None:
    write(
        place,
        "rules.py",
        """
from dataclasses import dataclass
from marshmallow import Schema, fields, post_load
from xmo_hooks import Section, Skip, hookimpl

@dataclass
class Spared:
    keys: list[str]

class SparedSchema(Schema):
    keys = fields.List(fields.String(), load_default=list)

    @post_load
    def make(self, data, **_):
        return Spared(**data)

@hookimpl
def xmo_sections():
    return [Section(name="spared", type=Spared, schema=SparedSchema)]

@hookimpl
def xmo_decide(occasion, settings):
    return Skip(rule="spared", reason="Spared.") if occasion.ticket.key in settings.get(Spared).keys else None
""",
    )
    place.write('[spared]\nkeys = ["2"]\n')
    name_rules(place, "rules.py")
    assert run_twice(place, "1", "2") == 0
    assert numbers(place) == ["INC1"]


def answer(place: Place) -> None:
    """Answer the only question."""
    office = open_office(place.folder / "xmo.toml", NOW + 3 * HOUR)
    with office.store.reading() as connection:
        (invitation,) = connection.execute(select(t.invitation.c.id)).scalars()
    StoreDesk(office).record(office.keys.token(invitation), [feeling(5)], final=True)
    office.close()


def scores(place: Place) -> dict[str, int]:
    office = open_office(place.folder / "xmo.toml", NOW)
    with office.store.reading() as connection:
        found = {row.name: row.value for row in connection.execute(select(t.score))}
    office.close()
    return found


def about(category: str) -> Occasion:
    one = ticket(category=category)
    return Occasion(key="c:1#1", problem="c:1", n=1, at=NOW, person=Person(pseudonym="p"), source="c", ticket=one)


BROKEN = [
    ("def broken(:", "its import failed: SyntaxError"),
    ("import nowhere_to_be_found", "it needs the module nowhere_to_be_found"),
    ("1 / 0", "its import failed: ZeroDivisionError"),
    ("XMO_CONTRACT = (99, 0)", "it is written for contract 99.0"),
    (SKIP.replace("xmo_decide", "xmo_decice"), 'there is no hook xmo_decice (did you mean "xmo_decide"?)'),
    (None, "there is no file"),
]


@pytest.mark.parametrize(("code", "reason"), BROKEN)
def test_a_broken_file_is_named_with_its_place_and_stops_no_other(place: Place, code: str | None, reason: str) -> None:
    if code is not None:
        write(place, "worse.py", code)
    write(place, "rules.py", SKIP)
    name_rules(place, "worse.py", "rules.py")
    done = place.xmo("plugins")
    assert done.code == 1
    assert f"worse.py: {reason}" in done.out
    assert re.search(r"rules\.py [0-9a-f]{12}: xmo_decide", done.out)
    if reason.startswith("it needs"):
        assert "pip install" in done.out
    else:
        assert "Mend the file, or take it out of xmo.toml:4." in done.out
    checked = place.xmo("check")
    assert "worse.py is broken" in checked.out
    assert checked.code == 1


@pytest.mark.parametrize("code", ["1 / 0", None])
def test_while_a_file_is_broken_nobody_is_asked_and_the_run_says_so(place: Place, code: str | None) -> None:
    if code is not None:
        write(place, "rules.py", code)
    name_rules(place, "rules.py")
    assert run_twice(place, "1") == 1
    assert asked(place) == ""
    said = place.xmo("status").out
    assert "rules.py" in said
    write(place, "rules.py", SCORE)
    assert place.xmo("run", now=NOW + 3 * HOUR).code == 0
    assert asked(place).count("xmo:") == 1


def test_while_a_file_is_broken_no_score_is_written_or_lost(place: Place) -> None:
    write(place, "rules.py", SCORE)
    name_rules(place, "rules.py")
    run_twice(place, "1")
    answer(place)
    later = NOW + DAY
    assert "scored" in place.xmo("run", "--json", now=later).out
    write(place, "rules.py", "1 / 0")
    before = scores(place)
    place.xmo("run", now=later + timedelta(minutes=1))
    assert scores(place) == before
    assert before["site.score"] == 500


def test_two_entries_for_one_file_are_one_plugin(place: Place) -> None:
    write(place, "rules.py", SKIP)
    name_rules(place, "rules.py", "rules.py")
    assert place.xmo("plugins").out.count("rules.py") == 1


@pytest.mark.parametrize("value", ['"rules.py"', "[1]", "{ a = 1 }"])
def test_what_is_no_list_of_names_is_a_mistake_of_the_config(place: Place, value: str) -> None:
    name_rules(place)
    config = place.folder / "xmo.toml"
    config.write_text(config.read_text(encoding="utf-8").replace("rules = []", f"rules = {value}"), encoding="utf-8")
    done = place.xmo("check")
    assert done.code == 2
    assert "xmo.toml:4 site.rules" in done.err
    assert place.xmo("plugins").code == 0


def test_plugins_are_listed_where_there_is_no_config_or_a_broken_one(place: Place) -> None:
    for text in (b"[site\n", b"\xff\xfe", b"site = 1\n"):
        (place.folder / "xmo.toml").write_bytes(text)
        assert place.xmo("plugins").code == 0
    (place.folder / "xmo.toml").unlink()
    assert "surveys" in place.xmo("plugins").out


def test_the_example_of_the_guide_spares_what_it_says(place: Place) -> None:
    write(place, "rules.py", FILES["rules.py"])
    name_rules(place, "rules.py")
    assert FILES["site.toml"].strip() in (place.folder / "xmo.toml").read_text(encoding="utf-8")
    assert "rules.py" in place.xmo("plugins").out
    assert run_twice(place, "1") == 0
    loaded = registry.load([], named_in(place.folder / "xmo.toml"))
    rest = {"ledger": None, "now": NOW, "settings": None}
    assert [vote.rule for _, vote in loaded.call("xmo_decide", occasion=about("password"), **rest)] == [
        "northwind.password"
    ]
    assert loaded.call("xmo_decide", occasion=about("printer"), **rest) == []
    assert asked(place).count("xmo:") == 1
