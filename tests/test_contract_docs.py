"""docs/contract.md against the live contract: nothing missing, nothing that is not there."""

import ast
import builtins
import inspect
import re
from collections.abc import Iterator
from dataclasses import is_dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from types import ModuleType

import click
import pytest
import requests

import xmo_hooks
from xmo_core.cli import cli
from xmo_core.http_errors import Trouble, vendor_error
from xmo_hooks import cursors, errors, records, services, specs

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")
GROUPS = [
    "The rules",
    "When and where",
    "Source connectors",
    "Survey triggers",
    "Scoring rules",
    "Channels",
    "What is handed out",
    "Errors",
    "Helpers",
    "Versions",
]
CAPABILITIES = "Capabilities"  # a heading that is none of a class
ELSEWHERE = {"Berlin", "Europe", "GET", "HEAD", "IANA", "JSON", "NAME", "TOKEN", "UTC", "WSGI", "XMO_CONTRACT"}
ELSEWHERE |= {
    "xmo_core",
    "Any",
    "Callable",
    "Iterable",
    "Iterator",
    "Mapping",
    "Path",
    "Schema",
    "Sequence",
    "AuthBase",
    "Session",
    "WSGIApplication",
}


def _nodes(module: object, kind: type[ast.stmt]) -> dict[str, ast.ClassDef | ast.FunctionDef]:
    tree = ast.parse(inspect.getsource(module))  # type: ignore[arg-type]
    return {
        node.name: node
        for node in tree.body
        if isinstance(node, kind) and isinstance(node, ast.ClassDef | ast.FunctionDef)
    }


HOOKS = _nodes(specs, ast.FunctionDef)
CLASSES = _nodes(records, ast.ClassDef) | _nodes(services, ast.ClassDef)
RECORDS = {name for name in CLASSES if is_dataclass(getattr(xmo_hooks, name))}
PROTOCOLS = set(CLASSES) - RECORDS
ERRORS = set(_nodes(errors, ast.ClassDef))
HELPERS = {name: each for name, each in _nodes(cursors, ast.FunctionDef).items() if name in cursors.__all__}
# What a source may declare: its methods say it, each in the same words.
_SAYS = re.compile(r'[Cc]apability "(\w+)"')


def _arguments(node: ast.FunctionDef) -> list[str]:
    names = [argument.arg for argument in node.args.args if argument.arg != "self"]
    names += ["*", *(argument.arg for argument in node.args.kwonlyargs)] if node.args.kwonlyargs else []
    return names + ([f"**{node.args.kwarg.arg}"] if node.args.kwarg else [])


def _call(node: ast.AST) -> str:
    assert isinstance(node, ast.FunctionDef)
    return f"{node.name}({', '.join(_arguments(node))})"


def _type(node: ast.expr | None) -> str:
    return ast.unparse(node) if node else ""


def _default(value: ast.expr | None) -> str:
    """What a field is without being given: `field(default=...)` says it by keyword, a factory here makes mappings."""
    if isinstance(value, ast.Call) and _type(value.func) == "field":
        said = {keyword.arg: keyword.value for keyword in value.keywords}
        return "{}" if "default_factory" in said else _type(said.get("default"))
    return _type(value)


def _field(node: ast.AnnAssign) -> list[str]:
    default = _default(node.value)
    name = node.target.id if isinstance(node.target, ast.Name) else ""
    return [f"`{name}`", f"`{_type(node.annotation)}{default and f' = {default}'}`"]


def _rows(text: str) -> list[list[str]]:
    """The rows of a table below its head, without their last column: the meaning, which is free but never empty."""
    lines = [line for line in text.splitlines() if line.startswith("|")][2:]
    return [row[:-1] for row in map(_cells, lines) if row[-1]]


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def _full(text: str) -> list[list[str]]:
    """All rows of all tables of a text, without their heads; one with an empty cell is left out."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    heads = {number + step for number, line in enumerate(lines) if set(line) <= set("|- ") for step in (-1, 0)}
    rows = [_cells(line) for number, line in enumerate(lines) if number not in heads]
    return [row for row in rows if all(row)]


def _parts(page: str) -> dict[str, str]:
    """The text under each heading of the third level; of those of the second, what stands before the first of these."""
    pieces = re.split(r"^#{2,3} (.+)$", page, flags=re.MULTILINE)[1:]
    return dict(zip((heading.strip("`") for heading in pieces[::2]), pieces[1::2], strict=True))


def _hook_problems(parts: dict[str, str]) -> Iterator[str]:
    for name, node in HOOKS.items():
        assert isinstance(node, ast.FunctionDef)
        text = parts.get(_call(node))
        if text is None:
            yield f"{name}: no heading {_call(node)}"
            continue
        listed = re.findall(r"^- `(\w+)`: `([^`]+)`", text, flags=re.MULTILINE)
        if listed != [(argument.arg, _type(argument.annotation)) for argument in node.args.args]:
            yield f"{name}: the arguments differ"
        if f"Returns `{_type(node.returns)}`." not in text:
            yield f"{name}: what it returns differs"


def _class_problems(parts: dict[str, str]) -> Iterator[str]:
    for name, node in CLASSES.items():
        if name in RECORDS:
            wanted = [_field(each) for each in node.body if isinstance(each, ast.AnnAssign)]
        else:
            methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
            wanted = [[f"`{_call(each)}`", f"`{_type(each.returns)}`"] for each in methods]
        if _rows(parts.get(name, "")) != wanted:
            yield f"{name}: the table differs"


def _capabilities() -> dict[str, set[str]]:
    """The methods of each capability, as the protocols' docstrings have them."""
    found: dict[str, set[str]] = {}
    for name in PROTOCOLS:
        node = CLASSES[name]
        whole = _SAYS.findall(ast.get_docstring(node) or "")
        for method in node.body:
            if isinstance(method, ast.FunctionDef):
                for capability in {*whole, *_SAYS.findall(ast.get_docstring(method) or "")}:
                    found.setdefault(capability, set()).add(method.name)
    return found


def _capability_problems(parts: dict[str, str]) -> Iterator[str]:
    told = {row[0].strip('`"'): set(re.findall(r"`(\w+)`", row[1])) for row in _full(parts.get(CAPABILITIES, ""))}
    wanted = _capabilities()
    yield from (f"capability {name}: not told" for name in sorted(wanted.keys() - told.keys()))
    yield from (f"capability {name}: there is none" for name in sorted(told.keys() - wanted.keys()))
    yield from (f"capability {name}: other methods" for name in sorted(told) if told[name] != wanted.get(name))
    known = inspect.getdoc(services.Kind) or ""
    yield from (f"capability {name}: `Kind` does not name it" for name in sorted(wanted) if f'"{name}"' not in known)


def _place_problems(parts: dict[str, str]) -> Iterator[str]:
    """Each hook, and each method of a source or a channel, with when it is called and what happens when it raises."""
    told = {row[0].strip("`"): row[1] for row in _full(parts.get("When and where", ""))}
    methods = {name for found in _capabilities().values() for name in found}
    made = [*CLASSES["Source"].body, *CLASSES["Channel"].body]
    methods |= {node.name for node in made if isinstance(node, ast.FunctionDef)}
    yield from (f"{name}: when it is called is not told" for name in sorted((HOOKS.keys() | methods) - told.keys()))
    yield from (f"{name}: no such hook or method" for name in sorted(told.keys() - HOOKS.keys() - methods))
    called = {command for text in told.values() for command in re.findall(r"`xmo ([\w-]+)", text)}
    yield from (f"no command {name}" for name in sorted(called - {*cli.list_commands(click.Context(cli))}))


def _version_problems(page: str) -> Iterator[str]:
    named = set(re.findall(r"contract (\d+\.\d+)", page)) | {
        f"{major}.{minor}" for major, minor in re.findall(r"XMO_CONTRACT = \((\d+), (\d+)\)", page)
    }
    if named != {".".join(map(str, xmo_hooks.CONTRACT))}:
        yield "the version differs"


def _helper_problems(parts: dict[str, str]) -> Iterator[str]:
    text = parts.get("Helpers", "")
    yield from (
        f"{name}: not told as {_call(node)}" for name, node in HELPERS.items() if f"- `{_call(node)}` " not in text
    )


def _name_problems(page: str, parts: dict[str, str]) -> Iterator[str]:
    headings = {heading.partition("(")[0] for heading in parts} - {CAPABILITIES}
    yield from (f"no such thing: {heading}" for heading in sorted(headings - set(GROUPS) - set(HOOKS) - set(CLASSES)))
    if {row[0].strip("`") for row in _rows(parts.get("Errors", ""))} != ERRORS:
        yield "the errors differ"
    words = set(re.findall(r"\b(?:xmo_[a-z_]+|[A-Z][A-Za-z]+)\b", " ".join(re.findall(r"`([^`\n]+)`", page))))
    known = set(vars(xmo_hooks)) | set(HOOKS) | ELSEWHERE | set(vars(builtins)) | {"xmo_hooks"}
    yield from (f"unknown word in code: {word}" for word in sorted(words - known) if not word.isupper())
    mine = {name for name, each in vars(xmo_hooks).items() if getattr(each, "__module__", "").startswith("xmo_hooks")}
    yield from (f"never mentioned: {name}" for name in sorted(mine) if f"`{name}" not in page)


def problems(page: str) -> list[str]:
    parts = _parts(page)
    more = (_capability_problems(parts), _place_problems(parts), _helper_problems(parts), _version_problems(page))
    return [*_hook_problems(parts), *_class_problems(parts), *_name_problems(page, parts), *chain(*more)]


def test_the_page_says_what_the_contract_is() -> None:
    assert problems(PAGE) == []


def test_the_page_is_grouped_as_the_three_families_of_hooks() -> None:
    assert re.findall(r"^## (.+)$", PAGE, flags=re.MULTILINE) == GROUPS
    family = {hook: PAGE[: PAGE.index(f"### `{hook}(")].rpartition("\n## ")[2].splitlines()[0] for hook in HOOKS}
    assert (family["xmo_sources"], family["xmo_decide"], family["xmo_score"]) == tuple(GROUPS[2:5])


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("### `xmo_decide(occasion, ledger, now, settings)`", "### `xmo_decide(occasion)`", "xmo_decide: no heading"),
        ("- `ledger`: `Ledger`.", "- `ledger`: `Person`.", "xmo_decide: the arguments differ"),
        ("Returns `Message | None`.", "Returns `str`.", "xmo_compose: what it returns differs"),
        ("| `reopens` |", "| `returns` |", "Ticket: the table differs"),
        ("| `fetch_some(keys)` |", "| `fetch_some(rows)` |", "Source: the table differs"),
        ("| when it was opened |", "| |", "Ticket: the table differs"),
        ("### `Receipt`", "### `Invoice`", "no such thing: Invoice"),
        ("| `Immutable` |", "| `Stubborn` |", "the errors differ"),
        ("`xmo_sandboxes()`", "`xmo_sandbox()`", "xmo_sandboxes: no heading"),
        ("Any `Skip` wins", "Any `Veto` wins", "unknown word in code: Veto"),
        ("- `utc(name, at)`", "- `(name, at)`", "never mentioned: utc"),
        ('| `"gone"` |', '| `"went"` |', "capability gone: not told"),
        ("| `find`, `comment` |", "| `comment` |", "capability comment: other methods"),
        ("| `xmo_score` | `xmo run`", "| `xmo_scores` | `xmo run`", "xmo_score: when it is called is not told"),
        ("| `gone` | `xmo run`", "| `went` | `xmo run`", "gone: when it is called is not told"),
        (
            "| no decision, no question: both wait for the next run |",
            "| |",
            "xmo_decide: when it is called is not told",
        ),
        ("| `xmo_sandboxes` | `xmo sandbox` |", "| `xmo_sandboxes` | `xmo sandpit` |", "no command sandpit"),
        ("- `by_token(get, cursor)`", "- `by_token(cursor)`", "by_token: not told as by_token(get, cursor)"),
        ("of contract 1.1,", "of contract 1.0,", "the version differs"),
        ("`XMO_CONTRACT = (1, 1)`", "`XMO_CONTRACT = (1, 0)`", "the version differs"),
    ],
)
def test_a_page_that_is_behind_is_found(old: str, new: str, problem: str) -> None:
    assert old in PAGE
    assert any(found.startswith(problem) for found in problems(PAGE.replace(old, new)))


@pytest.mark.parametrize(
    ("module", "old", "new", "problem"),
    [
        (specs, "def xmo_render(", "def xmo_paint(", "xmo_paint: no heading"),
        (records, "    reopens: int = 0", "    reopens: int = 0\n    bounces: int = 0", "Ticket: the table differs"),
        (errors, "class Conflict(", "class Clash(", "the errors differ"),
        (services, 'Capability "restart".', 'Capability "reset".', "capability reset: not told"),
        (cursors, "def by_token(get: ", "def by_token(fetch: ", "by_token: not told"),
    ],
)
def test_a_contract_that_is_ahead_of_the_page_is_found(
    module: ModuleType, old: str, new: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = inspect.getsource(module)
    assert old in source
    monkeypatch.setattr(inspect, "getsource", lambda _: source.replace(old, new))
    kind = ast.ClassDef if module in (records, errors, services) else ast.FunctionDef
    changed = _nodes(module, kind)
    if module is specs:
        monkeypatch.setattr(f"{__name__}.HOOKS", changed)
    elif module is errors:
        monkeypatch.setattr(f"{__name__}.ERRORS", set(changed))
    elif module is cursors:
        monkeypatch.setattr(f"{__name__}.HELPERS", {name: changed[name] for name in HELPERS})
    else:
        monkeypatch.setattr(f"{__name__}.CLASSES", CLASSES | changed)
    assert any(found.startswith(problem) for found in problems(PAGE))


def test_what_the_session_makes_of_an_answer_stands_there() -> None:
    listed = PAGE.partition("What the session raises for an answer")[2].partition("\n\nWhere")[0]
    told = re.findall(r"^- (.*?): `(\w+)`", listed, flags=re.MULTILINE)
    of = {int(status): error for answers, error in told[:4] for status in answers.split(", ")}
    for status in range(400, 600):
        usual = told[5][1] if status < 500 else told[6][1]
        assert _raised(status).__name__ == of.get(status, told[4][1] if status == 429 else usual), status
    assert _raised(503, {"Retry-After": "7"}).__name__ == told[4][1]


def _raised(status: int, headers: dict[str, str] | None = None) -> type[Exception]:
    response = requests.Response()
    response.status_code, response.url, response._content = status, "https://vendor.example/x", b""
    response.request = requests.Request("GET", response.url).prepare()
    response.headers.update(headers or {})
    error = vendor_error(response, "sources.corp", datetime(2026, 3, 1, tzinfo=UTC))
    return type(error.error if isinstance(error, Trouble) else error)
