"""Small enough to be read: the bounds of the two packages that everything rests on, and of every module."""

import ast
import tokenize
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Lines of code: what says what is done; comments and docstrings are wanted, and cost nobody a bound. 3,000 with the
# first vendor; the second and third brought what all share: events, native answers, deletions, the renewal of tokens;
# then each source got a process of its own, webhooks are heard and queued, rules may stand in a file, and a question
# may go through a channel.
CORE = 4_650
# Lines that are not blank, words and all: a contract is read in one sitting. 400 with the first vendor;
# with events, native answers, deletions and webhooks 500, with measurements 522, with channels 555. The helpers for
# cursors are no contract, only of use.
CONTRACT = 555
LONGEST_MODULE = 300
# The conformance kit is a tool of integrators; a migration is history: it only grows, and nobody reads it to understand
# the engine.
APART = {"testing", "migrations", "cursors.py"}
_LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
_DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def _filled(path: Path) -> int:
    return sum(1 for line in path.read_text(encoding="utf-8").splitlines() if line.strip())


def _code(path: Path) -> int:
    """Count the lines that hold code: not blank, no comment, no docstring."""
    with tokenize.open(path) as file:
        tokens = [token for token in tokenize.generate_tokens(file.readline) if token.type not in _LAYOUT]
    held = {number for token in tokens for number in range(token.start[0], token.end[0] + 1)}
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            held -= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return len(held)


def _modules(folder: str) -> list[Path]:
    package = ROOT / folder
    found = [path for path in package.rglob("*.py") if not APART & set(path.relative_to(package).parts)]
    assert found
    return found


def test_the_contract_stays_small() -> None:
    assert sum(map(_filled, _modules("hooks/xmo_hooks"))) < CONTRACT


def test_the_core_stays_small() -> None:
    assert sum(map(_code, _modules("xmo_core"))) < CORE


def test_no_module_grows_past_what_one_reads_at_once() -> None:
    sources = [path for place in ("hooks", "xmo_core", "plugins") for path in (ROOT / place).rglob("*.py")]
    assert {str(path.relative_to(ROOT)): _filled(path) for path in sources if _filled(path) > LONGEST_MODULE} == {}


def test_only_lines_of_code_are_counted(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(
        '"""A module\nwith words."""\n\n# a reason\nX = """\ntext\n"""\n\n\nclass A:\n    """Says what."""\n\n'
        '    def f(self) -> str:\n        """Does."""\n        return (  # why\n            "x"\n        )\n'
    )
    assert _code(module) == 3 + 1 + 1 + 3
