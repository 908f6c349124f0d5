"""What rules promise, as tests to inherit: survey triggers, scoring rules, and the words of an invitation."""

from __future__ import annotations

import inspect
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest

from xmo_core.testing.bench import read_config, registry_of
from xmo_core.testing.kept import attempt
from xmo_core.testing.made import Maker, makers
from xmo_core.testing.pure import watched
from xmo_hooks import Answer, Ask, Message, Occasion, Settings, Skip, Wait

_RULE = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")
Given = dict[str, Any]


class RuleTests(ABC):
    """A hook that decides by its arguments alone. Not to be inherited from directly."""

    plugin: ModuleType | None = None
    """The plugin's module."""
    sections: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """The sections of the config to test with, where they are not to be the usual ones: {"acorn": {"quiet": "7d"}}."""
    hook: ClassVar[str]

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        """Read the config."""
        return read_config(tmp_path, registry_of(self.plugin), self.sections).settings

    @pytest.fixture
    def rule(self, settings: Settings) -> Callable[..., Any]:
        """Return the hook, to be called with what the contract hands to it."""
        function = getattr(self.plugin, self.hook, None)
        if function is None:
            raise pytest.UsageError(f"Set `plugin` of {type(self).__name__} to the module that holds `{self.hook}`.")
        wanted = inspect.signature(function).parameters

        def call(**given: Any) -> Any:
            given["settings"] = settings
            return function(**{name: given[name] for name in wanted})

        return call

    def test_any_arguments_will_do(self, rule: Callable[..., Any]) -> None:
        """Vendors leave out what they like: with any field missing the rule has an answer. While it raises, nothing is
        decided and nobody knows why."""
        for given in self._made():
            told = attempt(partial(rule, **given))
            assert not isinstance(told, Exception), (
                f"`{self.hook}` raises {told!r} with {given}: expect what is missing."
            )

    def test_the_same_arguments_give_the_same_answer(self, rule: Callable[..., Any]) -> None:
        """Everything is worked out again: before a question goes out, when rules change, after a restart. Chance and
        memory would make each time another truth."""
        first = [attempt(partial(rule, **given)) for given in self._made()]
        second = [attempt(partial(rule, **given)) for given in reversed(self._made())]
        for one, other in zip(first, reversed(second), strict=True):
            same = one == other or (isinstance(one, Exception) and isinstance(other, Exception))
            assert same, f"`{self.hook}` said {one} and then {other}: keep nothing between calls, and draw no lots."

    def test_no_argument_is_changed(self, rule: Callable[..., Any]) -> None:
        """Other rules are handed the same records."""
        for given, before in zip(self._made(), self._made(), strict=True):
            attempt(partial(rule, **given))
            assert given == before, (
                f"`{self.hook}` changed its arguments: {before} became {given}. Copy what you change."
            )

    def test_it_reads_no_clock_and_asks_nobody(self, rule: Callable[..., Any]) -> None:
        """All that a rule needs is handed to it, the time too: what it fetches by itself is another answer tomorrow."""
        calls = [partial(rule, **given) for given in self._made()]
        for call in calls:
            attempt(call)  # what is imported or read on the first use is no matter
        with watched() as seen:
            for call in calls:
                attempt(call)
        assert not seen, f"`{self.hook}` uses {seen[0]}: take it as an argument, or do without."

    @abstractmethod
    def make(self, maker: Maker) -> Given:
        """Make up what the hook is handed."""

    def _made(self) -> list[Given]:
        return [self.make(maker) for maker in makers()]

    def _told(self, rule: Callable[..., Any]) -> Iterator[tuple[Given, Any]]:
        """Yield what the rule says to all sorts of arguments; that it says something is another test's promise."""
        for given in self._made():
            told = attempt(partial(rule, **given))
            if not isinstance(told, Exception):
                yield given, told


class TriggerTests(RuleTests):
    """Inherit from this and name your `plugin`: what `xmo_decide` promises."""

    hook = "xmo_decide"

    def make(self, maker: Maker) -> Given:
        """Make up an occasion, what its person was asked before, and when it is."""
        occasion = maker.record(Occasion)
        return {"occasion": occasion, "ledger": maker.ledger(), "now": maker.near(occasion.at)}

    def test_a_vote_is_sound(self, rule: Callable[..., Any]) -> None:
        """A vote is stored with its rule and reason and shown to whoever asks why: it is an Ask, a Skip, a Wait or
        None, and says what it means."""
        votes = [vote for _, vote in self._told(rule) if vote is not None]
        if not votes:
            pytest.skip(
                "No made-up occasion gets a vote: write `def make(self, maker)`, and return what `xmo_decide` is "
                "handed, with an occasion that it votes on."
            )
        for vote in votes:
            _sound(vote)

    def test_a_wait_ends(self, rule: Callable[..., Any]) -> None:
        """No decision is made before `until`, so it lies ahead: a Wait that is over already would wait for ever."""
        for given, vote in self._told(rule):
            ahead = not isinstance(vote, Wait) or vote.until > given["now"]
            assert ahead, f"It is {given['now']}, and {vote} is over: return another vote then."

    def test_a_reason_names_nobody(self, rule: Callable[..., Any]) -> None:
        """Reasons stand in logs and lists: they say why, and not about whom."""
        for given, vote in self._told(rule):
            reason = vote.reason if isinstance(vote, Skip | Wait) else ""
            told = [one for one in _personal(given["occasion"]) if one in reason]
            assert not told, f'"{reason}" repeats "{told[0]}" of the ticket: leave titles, names and addresses out.'


class ScoreTests(RuleTests):
    """Inherit from this and name your `plugin`: what `xmo_score` promises."""

    hook = "xmo_score"
    known: ClassVar[Sequence[tuple[Answer, Mapping[str, int | None]]]] = ()
    """Answers, each with some of the scores that it must get."""

    def make(self, maker: Maker) -> Given:
        """Make up an experience."""
        return {"experience": maker.experience([answer for answer, _ in self.known])}

    def test_scores_are_whole_thousandths_or_unknown(self, rule: Callable[..., Any]) -> None:
        """Sums must be the same on every database: scores are whole numbers, 500 for 0.5, and None for unknown."""
        for _, scores in self._told(rule):
            assert isinstance(scores, Mapping), f"`xmo_score` returned {scores!r}: a mapping of names to scores."
            wrong = {name: score for name, score in scores.items() if score is not None and type(score) is not int}
            assert not wrong, f"{wrong} are no whole thousandths: use `round(1000 * score)`."

    def test_a_known_answer_gets_its_score(self, rule: Callable[..., Any]) -> None:
        """Only you know what your scores mean: these answers prove it, and that there are scores at all."""
        if not self.known:
            pytest.skip('Set `known`: [(Answer(question="…", version="1", code="yes"), {"acorn.solved": 1000})].')
        for answer, expected in self.known:
            scores = rule(experience=replace(makers()[0].experience(), answers=[answer]))
            told = {name: scores.get(name, "missing") for name in expected}
            assert told == expected, f"{answer} is scored {told}, and `known` says {dict(expected)}."

    def test_what_was_not_answered_is_unknown_and_not_zero(self, rule: Callable[..., Any]) -> None:
        """Zero is a verdict; no answer is none. Counted as zero, silence would drag every figure down."""
        questions = {answer.question: answer.version for answer, _ in self.known} or {"any": "1"}
        silent = [Answer(question=question, version=version) for question, version in questions.items()]
        for answers in ([], silent):
            scores = attempt(partial(rule, experience=replace(makers()[0].experience(), answers=answers)))
            told = {k: v for k, v in scores.items() if v is not None} if isinstance(scores, Mapping) else {}
            assert not told, f"Nothing was answered, and the scores are {told}: return None for unknown."

    def test_the_names_are_always_the_same(self, rule: Callable[..., Any]) -> None:
        """A score that is missing now and then is neither known nor unknown: all names are there, each time."""
        names = {frozenset(scores) for _, scores in self._told(rule) if isinstance(scores, Mapping)}
        assert len(names) <= 1, f"Now and then names are left out: {[sorted(one) for one in names]}. Use None instead."


class WordsTests(RuleTests):
    """Inherit from this and name your `plugin`: what `xmo_compose` promises."""

    hook = "xmo_compose"
    longest = 3900
    """The most characters that the words may have, so that every vendor takes them."""

    def make(self, maker: Maker) -> Given:
        """Make up an invitation."""
        return {"invitation": maker.invitation()}

    def test_the_words_are_a_message(self, rule: Callable[..., Any]) -> None:
        """None leaves an invitation to the next plugin; anything else is what stands in the ticket."""
        words = [told for _, told in self._told(rule) if told is not None]
        assert words, (
            "`xmo_compose` has no words for any of the made-up invitations: write `def make(self, maker)`, and return "
            '{"invitation": …} with one that it has words for.'
        )
        for told in words:
            assert isinstance(told, Message), f"`xmo_compose` returned {told!r}: a Message, or None."

    def test_the_marker_stands_in_the_words(self, rule: Callable[..., Any]) -> None:
        """By its marker a question is found before it is ever sent twice."""
        for given, message in self._messages(rule):
            marker = given["invitation"].marker
            assert message.marker == marker, f"{message.marker} is not the invitation's marker {marker}: hand it on."
            assert marker in message.text, f"The marker {marker} is not in the words: {message.text!r}"

    def test_the_link_stands_in_the_words(self, rule: Callable[..., Any]) -> None:
        """The link is why the words are sent: without it nobody can answer."""
        for given, message in self._messages(rule):
            link = given["invitation"].link
            assert link in message.text, f"The link {link} is not in the words: {message.text!r}"

    def test_the_words_are_short_enough(self, rule: Callable[..., Any]) -> None:
        """What is too long for a vendor is refused, or cut off before the link."""
        for _, message in self._messages(rule):
            length = len(message.text)
            assert length <= self.longest, f"The words have {length} characters: at most {self.longest} are safe."

    def test_the_subject_is_one_line(self, rule: Callable[..., Any]) -> None:
        """A mail's subject ends with its line: what stands behind a line break is taken for another header."""
        for _, message in self._messages(rule):
            broken = len(message.subject.splitlines()) > 1
            assert not broken, f"The subject holds a line break: {message.subject!r}"

    def _messages(self, rule: Callable[..., Any]) -> list[tuple[Given, Message]]:
        written = [(given, told) for given, told in self._told(rule) if isinstance(told, Message)]
        if not written:
            pytest.skip("See test_the_words_are_a_message: there are no words to look at.")
        return written


def _sound(vote: Any) -> None:
    assert isinstance(vote, Ask | Skip | Wait), f"{vote!r} is no vote: an Ask, a Skip, a Wait or None."
    assert _RULE.fullmatch(vote.rule), f"{vote.rule!r} is no name for a rule: write it like `acorn.password`."
    if isinstance(vote, Ask):
        assert 0 <= vote.probability <= 1, f"{vote} has no probability from 0 to 1."
    else:
        assert vote.reason.strip(), f"{vote} does not say why: give a sentence for the operator."


def _personal(occasion: Occasion) -> list[str]:
    asker = occasion.ticket.requester
    texts = (occasion.ticket.title, asker and asker.name, asker and asker.email)
    return [text for text in texts if text and len(text) > 3]
