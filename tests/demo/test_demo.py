"""The demo as a newcomer runs it, for fewer weeks."""

import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from xmo_demo.respondents import RULE

pytestmark = pytest.mark.slow


@dataclass(frozen=True, kw_only=True)
class Played:
    """What the demo left behind."""

    said: str
    folder: Path

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.folder / "xmo.db")) as store:
            return store.execute(query).fetchall()

    def count(self, query: str) -> int:
        return int(self.rows(f"SELECT count(*) FROM {query}")[0][0])

    def weeks(self) -> Iterator[list[str]]:
        """The words of each line of a week: fetched, asked, answered, declined, opted out."""
        for line in self.said.splitlines():
            words = line.replace("·", "0").split()
            if line.startswith("2016-") and len(words) == 6:
                yield words[1:]

    def sums(self) -> tuple[int, ...]:
        """What the line below the weeks says: asked, answered, declined or opted out."""
        (found,) = re.findall(r"^(\d+) questions, (\d+) simulated .*, (<?\d+) declined or opted out$", self.said, re.M)
        return tuple(int(word.replace("<", "-")) for word in found)


def _demo(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "xmo_core", "demo", "--dir", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder.parent)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("played") / "demo"
    done = _demo(folder, "--weeks", "4")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return Played(said=done.stdout, folder=folder)


def test_it_says_that_answers_are_simulated_and_by_which_rule(played: Played) -> None:
    report = (played.folder / "report.html").read_text(encoding="utf-8")
    assert "Simulated answers" in played.said
    assert "CC BY 4.0" in played.said
    assert " ".join(RULE.split()) in " ".join(played.said.split())
    assert RULE.partition(".")[0] in report
    assert "Simulated answers" in report


def test_the_report_needs_nothing_but_itself(played: Played) -> None:
    report = (played.folder / "report.html").read_text(encoding="utf-8")
    assert not [way for way in ("<script", 'src="http', "<link", "@import", "url(http") if way in report]


def test_what_it_said_of_each_week_is_what_the_store_holds(played: Played) -> None:
    weeks = list(played.weeks())
    asked, answered, declined = played.sums()
    assert len(weeks) == 4
    assert sum(int(week[1]) for week in weeks) == asked
    assert played.count("invitation WHERE sent_at IS NOT NULL") == asked
    assert played.count("invitation WHERE answered_at IS NOT NULL") == answered > 5
    assert played.count("answer WHERE question = 'feeling'") == answered
    stored = played.count("invitation WHERE state = 'declined'")
    assert declined == (stored if stored >= 5 or not stored else -5)
    for at, what in ((2, answered), (3, stored), (4, played.count("opt_out"))):
        least, most = ([int(week[at].replace("<5", few)) for week in weeks] for few in ("1", "4"))
        assert sum(least) <= what <= sum(most) or at == 3


def test_what_fewer_than_five_people_did_in_a_week_is_not_told(played: Played) -> None:
    deeds = {word for week in played.weeks() for word in week[2:]}
    assert "<5" in deeds
    assert not deeds & {"1", "2", "3", "4"}


def test_the_unhappy_were_asked_further_questions(played: Played) -> None:
    assert played.count("answer WHERE question = 'more'") == played.count(
        "answer WHERE question = 'feeling' AND value < 3"
    )
    assert played.count("answer WHERE question = 'choices'") == played.count(
        "answer WHERE question = 'more' AND code = 'yes'"
    )


def test_each_end_was_decided_once_and_asked_about_at_most_once(played: Played) -> None:
    assert played.rows("SELECT problem, n FROM decision GROUP BY problem, n HAVING count(*) > 1") == []
    assert played.rows("SELECT problem, n FROM invitation GROUP BY problem, n HAVING count(*) > 1") == []
    assert played.count("invitation") == played.count("decision WHERE verdict = 'ask'")


def test_nothing_failed_and_nothing_went_to_quarantine(played: Played) -> None:
    assert played.count("run WHERE state != 'done'") == 0
    assert played.count("quarantine") == 0
    assert played.count("attempt WHERE outcome != 'sent'") == 0


def test_it_says_what_to_open_and_what_to_try(played: Played) -> None:
    commands = [line for line in played.said.splitlines() if line.startswith("  ") and "xmo" in line]
    assert f"{played.folder}/report.html" in played.said.replace("\n", "")
    assert len([line for line in commands if any(word in line for word in ("invitations", "serve", "init"))]) == 3
    before, _, after = played.said.partition(" serve --port ")
    assert "/a/" not in before
    assert "While it runs, open http://127.0.0.1:" in after


def test_it_ends_with_one_run_over_three_vendors(played: Played) -> None:
    _, _, after = played.said.partition("One run over three vendors")
    assert [line.split()[0] for line in after.splitlines()[2:5]] == ["servicenow", "jira", "zendesk"]


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    done = _demo(tmp_path, "--weeks", "1")
    assert done.returncode == 2
    assert "nothing was deleted" in done.stderr
    assert "xmo demo --dir" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
