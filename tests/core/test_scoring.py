"""Scoring: once, and again when answers come or the rules change; a broken rule leaves what was."""

from collections.abc import Mapping

import pytest

from tests.core.support import DAY, Bench, asks, feeling, net, plugin, registry
from xmo_core import line, scoring
from xmo_core.desk import StoreDesk
from xmo_core.store import tables as t
from xmo_core.store.lease import claim
from xmo_hooks import Experience
from xmo_surveys.options import Survey


@pytest.fixture
def answered(bench: Bench) -> Bench:
    """A bench on which three people answered 1, 3 and 5."""
    bench.started()
    for key in "123":
        bench.resolve(key)
    bench.run()
    for key, value in (("1", 1), ("2", 3), ("3", 5)):
        StoreDesk(bench.office).record(bench.token(key), [feeling(value)], final=False)
    bench.pass_time()
    return bench


def scores(bench: Bench) -> dict[str, int]:
    return {f"{row.problem}#{row.n} {row.name}": row.value for row in bench.rows(t.score)}


def test_answers_are_scored_once(answered: Bench) -> None:
    seen: list[str] = []

    def see(experience: Experience) -> Mapping[str, int | None]:
        seen.append(experience.occasion.key)
        return net(experience)

    answered.registry = asks(xmo_score=see)
    assert answered.run().counts["scoring"] == {"scored": 3}
    assert scores(answered) == {"corp:1#1 net": -1000, "corp:2#1 net": -1000, "corp:3#1 net": 1000}
    assert sorted(seen) == ["corp:1#1", "corp:2#1", "corp:3#1"]
    assert "scoring" not in answered.run().counts
    assert len(seen) == 3


def test_every_batch_is_scored(answered: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "_BATCH", 2)
    assert answered.run().counts["scoring"] == {"scored": 3}


def test_a_further_answer_is_scored_with_those_before(answered: Bench) -> None:
    def count(experience: Experience) -> Mapping[str, int | None]:
        return {"answers": len(experience.answers), "unknown": None}

    answered.registry = asks(xmo_score=count)
    answered.run()
    StoreDesk(answered.office).record(answered.token("1"), [feeling(2, "why")], final=True)
    assert answered.run().counts["scoring"] == {"scored": 1}
    assert scores(answered) == {f"corp:{key}#1 answers": n for key, n in (("1", 2), ("2", 1), ("3", 1))}


def test_an_answer_that_waits_for_its_run_is_scored_as_soon_as_it_is_there(answered: Bench) -> None:
    line.score_only(answered.office)
    assert len(scores(answered)) == 3


def test_a_new_version_of_a_rule_scores_all_again(answered: Bench) -> None:
    answered.run()
    answered.registry = asks(xmo_score=lambda: {"other": 7})
    assert "scoring" not in answered.run().counts, "same name and same version: nothing tells that it changed"
    newer = registry()
    newer.add("stock", plugin("newer", {"xmo_score": lambda: {"other": 7}}), "1.1")
    answered.registry = newer
    assert answered.run().counts["scoring"] == {"scored": 3}
    assert set(scores(answered).values()) == {7}
    assert {name.rpartition(" ")[2] for name in scores(answered)} == {"other"}


def test_a_change_of_the_config_scores_all_again(answered: Bench) -> None:
    answered.run()
    answered.survey = Survey(quiet_period=DAY)
    answered.opened.clear()
    assert answered.run().counts["scoring"] == {"scored": 3}


def test_a_broken_rule_is_named_and_leaves_the_scores_as_they_were(answered: Bench) -> None:
    answered.run()
    before = scores(answered)

    def fails(experience: Experience) -> Mapping[str, int | None]:
        raise KeyError("ann@example.com")

    answered.registry = registry(
        good=plugin("good", {"xmo_score": lambda: {"other": 1}}), bad=plugin("bad", {"xmo_score": fails})
    )
    run = answered.run()
    assert run.errors["scoring"].startswith("bad failed: KeyError")
    assert "ann@example.com" not in str(run.errors)
    assert scores(answered) == before


def test_one_answer_that_a_rule_cannot_score_stops_no_other(answered: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "_BATCH", 1)

    def picky(experience: Experience) -> Mapping[str, int | None]:
        if experience.answers[0].value == 3:
            raise ValueError("three")
        return net(experience)

    answered.registry = asks(xmo_score=picky)
    run = answered.run()
    assert run.counts["scoring"] == {"scored": 2}
    assert "scoring" in run.errors
    assert set(scores(answered)) == {"corp:1#1 net", "corp:3#1 net"}
    answered.registry = asks()
    assert answered.run().counts["scoring"] == {"scored": 1}


def test_a_report_leaves_the_scoring_to_the_run_that_is_at_work(answered: Bench) -> None:
    claim(answered.store, "asking", answered.wall)
    line.score_only(answered.office)
    assert scores(answered) == {}


def test_the_definition_is_the_same_in_every_process(bench: Bench) -> None:
    first = scoring.definition(bench.office)
    bench.opened.clear()
    assert scoring.definition(bench.office) == first
    assert len(first) == 12
