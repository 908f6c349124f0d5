"""docs/contract.md against the live contract: nothing missing, nothing that is not there."""

import ast
import builtins
import inspect
import re
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path

import pytest

import xmo_hooks
from xmo_hooks import errors, records, services, specs

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")
GROUPS = [
    "The rules",
    "Source connectors",
    "Survey triggers",
    "Scoring rules",
    "What is handed out",
    "Errors",
    "Helpers",
]
ELSEWHERE = {"Berlin", "Europe", "GET", "HEAD", "IANA", "JSON", "NAME", "TOKEN", "UTC", "WSGI", "XMO_CONTRACT"}
ELSEWHERE |= {
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


def _arguments(node: ast.FunctionDef) -> list[str]:
    names = [argument.arg for argument in node.args.args if argument.arg != "self"]
    names += ["*", *(argument.arg for argument in node.args.kwonlyargs)] if node.args.kwonlyargs else []
    return names + ([f"**{node.args.kwarg.arg}"] if node.args.kwarg else [])


def _call(node: ast.FunctionDef) -> str:
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
    cells = [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [row[:-1] for row in cells if row[-1]]


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


def _name_problems(page: str, parts: dict[str, str]) -> Iterator[str]:
    headings = {heading.partition("(")[0] for heading in parts}
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
    return [*_hook_problems(parts), *_class_problems(parts), *_name_problems(page, parts)]


def test_the_page_says_what_the_contract_is() -> None:
    assert problems(PAGE) == []


def test_the_page_is_grouped_as_the_three_families_of_hooks() -> None:
    assert re.findall(r"^## (.+)$", PAGE, flags=re.MULTILINE) == GROUPS
    family = {hook: PAGE[: PAGE.index(f"### `{hook}(")].rpartition("\n## ")[2].splitlines()[0] for hook in HOOKS}
    assert (family["xmo_sources"], family["xmo_decide"], family["xmo_score"]) == tuple(GROUPS[1:4])


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
    ],
)
def test_a_page_that_is_behind_is_found(old: str, new: str, problem: str) -> None:
    assert old in PAGE
    assert any(found.startswith(problem) for found in problems(PAGE.replace(old, new)))
