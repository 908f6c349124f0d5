"""What the conformance kit tests: the table of docs/conformance.md, from the tests' own docstrings."""

import inspect
from collections.abc import Iterator

from xmo_core import testing
from xmo_core.testing.rules import RuleTests

_KITS = (
    ("A source: `SourceTests`", testing.SourceTests),
    ("A channel: `ChannelTests`", testing.ChannelTests),
    ("Any rule", RuleTests),
    ("A survey trigger: `TriggerTests`", testing.TriggerTests),
    ("A scoring rule: `ScoreTests`", testing.ScoreTests),
    ("The words of an invitation: `WordsTests`", testing.WordsTests),
)


def page() -> str:
    """Return the generated part of docs/conformance.md."""
    return "".join(f"\n### {title}\n\n{_table(kit)}" for title, kit in _KITS) + "\n"


def _table(kit: type) -> str:
    lines = [f"| {_sentence(name)} | {why} |\n" for name, why in _promises(kit)]
    return "".join(["| test | why |\n| --- | --- |\n", *lines])


def _promises(kit: type) -> Iterator[tuple[str, str]]:
    """Yield the tests of a kit, in the order of its modules; those of any rule stand under that alone."""
    parts = [part for part in kit.__mro__ if part is kit or part is not RuleTests]
    for part in parts:
        for name, test in vars(part).items():
            if name.startswith("test_"):
                yield name, " ".join((inspect.getdoc(test) or "").split())


def _sentence(name: str) -> str:
    return name.removeprefix("test_").replace("_", " ")
