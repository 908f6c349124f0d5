"""The docs against what they describe: commands, options, config keys, tables, dependencies, links."""

import re
import shlex
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import takewhile
from pathlib import Path
from typing import IO, Any

import click
import pytest
import requests
from marshmallow import Schema, fields

from docs.generate import FILE, commands, written
from tests.test_architecture import declared
from xmo_core import registry
from xmo_core.cli import DONE, FAILED, HELD, USAGE, cli
from xmo_core.config import read
from xmo_core.http import Limiter
from xmo_core.options import CORE, GROUPS
from xmo_core.store import tables
from xmo_hooks import Kind, Section

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
ADMIN = (ROOT / "docs" / "admin.md").read_text(encoding="utf-8")
SECRET = {"XMO_KEY": "k" * 40, "CORP_PASSWORD": "not a real one"}


def _name(page: Path) -> str:
    return page.name


def _typed(page: Path) -> Iterator[list[str]]:
    """What a reader would type: the lines of console blocks, as words."""
    for block in re.findall(r"^```console\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            yield [words[0].rpartition("/")[2], *words[1:]] if words else []


def _refusal(words: list[str]) -> str | None:
    """Why click would not take these words, or None. Nothing is run; files need not exist."""
    command: click.Command = cli
    context = click.Context(cli, info_name="xmo")
    rest = words[1:]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(context, rest[0])
        if found is None:
            return f"no command {rest[0]}"
        command, rest = found, rest[1:]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    unknown = [word for word in rest if word.startswith("-") and word.partition("=")[0] not in known]
    arguments = [
        parameter for parameter in command.params if isinstance(parameter, click.Argument) and parameter.required
    ]
    if unknown:
        return f"no option {unknown[0]}"
    return "an argument is missing" if arguments and not rest else None


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_command_that_a_page_shows_exists(page: Path) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for words in _typed(page):
        if words[:1] == ["xmo"]:
            assert _refusal(words) is None, words
        elif words[:1] == ["make"]:
            assert words[1] in targets, words
        else:
            assert not words or words[0] in {"python3", "python", "pip", "curl", "cd", "mypy", "ruff"}, words


@pytest.mark.parametrize(
    ("words", "reason"),
    [("xmo rum", "no command rum"), ("xmo db drop", "no command drop"), ("xmo run --fast", "no option --fast")],
)
def test_a_command_that_does_not_exist_is_found(words: str, reason: str) -> None:
    assert _refusal(words.split()) == reason


def test_the_page_of_commands_is_what_make_docs_writes() -> None:
    page = FILE.read_text(encoding="utf-8")
    assert page == written(page), "run `make docs`"


def test_every_command_and_every_option_says_what_it_is_for() -> None:
    for path, command, _ in commands(cli):
        assert command.help, path
        for parameter in command.params:
            assert not isinstance(parameter, click.Option) or parameter.help, f"{path} {parameter.opts}"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def _config_keys(heading: str) -> dict[str, str]:
    """Each key of the table under a heading, with its default as it is written there."""
    text = re.split(r"^##+ ", ADMIN.partition(f"\n### {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    return dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", text, re.MULTILINE))


def _written(value: Any) -> set[str]:
    """How a default may be written in TOML."""
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        units = {"d": 86400, "h": 3600, "m": 60, "s": 1}
        return {f'`"{seconds // size}{unit}"`' for unit, size in units.items() if not seconds % size}
    if value is None:
        return {"none"}
    if isinstance(value, str):
        return {f'`"{value}"`', "none"} if value == "" else {f'`"{value}"`'}
    if isinstance(value, list | tuple):
        items = [getattr(each, "name", each) for each in value]
        return {"`[" + ", ".join(f'"{each}"' for each in items) + "]`"}
    return {f"`{str(value).lower() if isinstance(value, bool) else value}`"}


def _sections() -> dict[str, Section]:
    return {name: section for name, (_, section) in registry.load().sections().items()}


def _kinds() -> dict[str, Kind]:
    return {name: kind for name, (_, kind) in registry.load().kinds().items()}


def _keys(schema: Schema) -> set[str]:
    return {field.data_key or name for name, field in schema.fields.items()}


@pytest.mark.parametrize("name", sorted(CORE))
def test_every_key_of_a_core_section_is_in_the_admins_table(name: str, tmp_path: Path) -> None:
    schema = CORE[name](tmp_path)
    documented = _config_keys(f"`[{name}]`")
    assert set(documented) == _keys(schema)
    required = {key for key, field in schema.fields.items() if field.required}
    assert {key for key, default in documented.items() if default == "required"} == required


@pytest.mark.parametrize("name", ["http", "log"])
def test_the_defaults_of_core_sections_are_those_of_the_code(name: str, tmp_path: Path) -> None:
    _assert_defaults(f"`[{name}]`", CORE[name](tmp_path).load({}))


def test_every_section_of_a_plugin_is_in_the_admins_guide() -> None:
    assert _sections()
    for name, section in _sections().items():
        assert set(_config_keys(f"`[{name}]`")) == _keys(section.schema()), name
        _assert_defaults(f"`[{name}]`", section.schema().load({}))


def test_every_option_of_a_kind_of_source_is_in_the_admins_guide() -> None:
    assert set(_config_keys("`[sources.NAME]`")) == _keys(GROUPS["sources"]())
    assert _kinds()
    for name, kind in _kinds().items():
        assert set(_config_keys(f'`kind = "{name}"`')) == _keys(kind.schema()), name
    assert set(_config_keys("`[channels.NAME]`")) == _keys(GROUPS["channels"]())
    for name, (_, way) in registry.load().channels().items():
        assert set(_config_keys(f'`kind = "{name}"`')) == _keys(way.schema()), name
    login = {"url": "https://acme.example.com", "username": "xmo", "password": "x"}
    _assert_defaults('`kind = "servicenow"`', _kinds()["servicenow"].schema().load(login), without={*login, "token"})


def _assert_defaults(heading: str, options: Any, without: set[str] = frozenset()) -> None:  # type: ignore[assignment]
    for key, default in _config_keys(heading).items():
        if key not in without:
            assert default in _written(getattr(options, key)), f"{heading} {key}"


def _blocks(page: str) -> list[str]:
    return re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def test_the_config_that_admins_are_shown_is_read_without_a_complaint(tmp_path: Path) -> None:
    whole, store = _blocks(ADMIN)
    (tmp_path / "xmo.key").write_text(SECRET["XMO_KEY"], encoding="utf-8")
    for text in (whole, whole.replace('[store]\nurl = "sqlite:///xmo.db"\n', store)):
        (tmp_path / "xmo.toml").write_text(text, encoding="utf-8")
        config = read(tmp_path / "xmo.toml", registry.load(), SECRET)
        assert list(config.sources) == ["corp"]
    assert config.store_url.startswith("postgresql+psycopg://")


def _log_ins() -> Iterator[str]:
    """The sources in the recipes for logging in; a block without a head adds to the one before."""
    recipes = ADMIN.partition("## Account and rights")[2].partition("\n## ")[0]
    before = ""
    for block in re.findall(r"^ +```toml\n(.*?)^ +```", recipes, re.MULTILINE | re.DOTALL):
        text = textwrap.dedent(block)
        before = text if text.startswith("[sources.") else before + text
        yield before


@pytest.mark.parametrize("source", list(_log_ins()))
def test_every_recipe_for_logging_in_is_read_without_a_complaint(source: str, tmp_path: Path) -> None:
    secrets = dict.fromkeys(re.findall(r'env = "(\w+)"', source), "not-a-real-one")
    site = '[site]\nname = "Test IT"\nkey = { env = "XMO_KEY" }\n'
    (tmp_path / "xmo.toml").write_text(site + source, encoding="utf-8")
    assert len(read(tmp_path / "xmo.toml", registry.load(), SECRET | secrets).sources) == 1


def test_every_kind_of_source_has_its_rights_and_a_recipe_for_logging_in() -> None:
    assert {tomllib.loads(text)["sources"].popitem()[1]["kind"] for text in _log_ins()} == _kinds().keys()
    assert len(re.findall(r"^### Rights at ", ADMIN, re.MULTILINE)) == len(_kinds())


def _costs() -> Iterator[tuple[str, str, str]]:
    """Each line of the table of costs: the option, the vendor, whether it is on."""
    table = ADMIN.partition("### What is on, and what it costs")[2].partition("\n\n#")[0]
    option = ""
    for said, vendor, default in re.findall(r"^\| (.*?)\s?\| ([^|]+?) \| (on|off|always) \|", table, re.MULTILINE):
        option = said or option
        yield option.strip("`"), vendor, default


def test_what_is_on_by_default_is_what_the_code_says() -> None:
    schemas = {name: kind.schema() for name, kind in _kinds().items()}
    kinds = {"ServiceNow": "servicenow", "Jira": "jira", "Zendesk": "zendesk"}
    seen = 0
    for option, vendor, default in _costs():
        field = schemas[kinds[vendor.split()[0]]].fields.get(option)
        switch = field if isinstance(field, fields.Boolean) else None
        expected = "always" if switch is None else "on" if switch.load_default else "off"
        assert option == "tickets" or default == expected, f"{option} at {vendor}"
        seen += switch is not None
    assert (
        seen == sum(isinstance(field, fields.Boolean) for one in schemas.values() for field in one.fields.values()) + 1
    )


def test_the_example_of_limits_is_reckoned_as_requests_are_spread() -> None:
    example = ADMIN.partition("### `[sources.NAME]`")[2].partition("\n### ")[0]
    assert "100 requests, or\n11 minutes" in example
    assert "1,000 more, or two hours" in example
    assert "450 more, or three hours" in example
    ten, thirty = Limiter(10, lambda: 0.0), Limiter(30, lambda: 0.0)
    at = [ten.reserve() for _ in range(1 + 100 + 1000 + 450)]
    assert at[1] == pytest.approx(6.7, abs=0.05)
    assert [round(at[100] / 60), round(at[1100] / 3600), round(at[1550] / 3600)] == [11, 2, 3]
    assert max(thirty.reserve() for _ in at) < 3600


def _sandboxes() -> dict[str, str]:
    """The kind of source for each sandbox that the page names."""
    recipe = ADMIN.partition("## Try it without an instance")[2].partition("```")[0]
    return dict(re.findall(r"^\| `([\w-]+)` \|.*\| `(\w+)` \|$", recipe, re.MULTILINE))


def test_every_sandbox_is_named_where_admins_try_it() -> None:
    assert _sandboxes().keys() == registry.load().sandboxes().keys()


@pytest.mark.parametrize(("sandbox", "kind"), list(_sandboxes().items()))
def test_what_admins_may_try_without_an_instance_leads_to_a_question(sandbox: str, kind: str, tmp_path: Path) -> None:
    recipe = ADMIN.partition("## Try it without an instance")[2].partition("\n## ")[0]
    lines = [shlex.split(line) for line in re.findall(r"^(?:xmo|curl) .*$", recipe, re.MULTILINE)]
    (_, *serving), (_, *init), *typed, last = lines
    assert (serving[1], init[-1], last[-1]) == ("servicenow", "servicenow", "serve")
    with _listening("sandbox", sandbox, *serving[2:], "--port", "0") as desk:
        url = desk.readline().split()[5]
        assert desk.readline() == "\n"
        source = "".join(takewhile(str.strip, iter(desk.readline, "")))
        _succeed(tmp_path, *init[:-1], kind)
        config = tmp_path / "xmo.toml"
        before, _, rest = config.read_text(encoding="utf-8").partition(f"[sources.{kind}]\n")
        _, _, others = rest.partition("\n[")
        config.write_text(f"{before}[sources.{kind}]\n{source}\n[{others}", encoding="utf-8")
        for command, *words in typed:
            said = _asked(url, words) if command == "curl" else _succeed(tmp_path, *words)
            assert words[-1] != "list" or "sent" in said, said
        assert "/a/" in said


def _asked(url: str, words: list[str]) -> str:
    """What curl would print."""
    place = url + words[-1].removeprefix("http://127.0.0.1:8181")
    if words[:2] == ["-X", "PUT"]:
        answer = requests.put(place, data=words[words.index("-d") + 1], timeout=30)
    else:
        answer = requests.get(place, timeout=30)
    assert answer.ok, answer.text
    return answer.text


def _succeed(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "xmo_core", *words], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def _listening(*words: str) -> Iterator[IO[str]]:
    command = [sys.executable, "-m", "xmo_core", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout
        finally:
            process.kill()


def test_the_exit_codes_are_those_of_the_command() -> None:
    table = ADMIN.partition("### Exit codes")[2].partition("\n\n#")[0]
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)] == [DONE, FAILED, USAGE, HELD]


def test_the_architecture_names_every_table_of_the_store() -> None:
    page = (
        (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition("## Tables")[2].partition("\n## ")[0]
    )
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(tables.metadata.tables)


def test_every_dependency_has_its_reason_and_no_reason_is_left_over() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    cells = [line.split("|")[1:-1] for line in page.splitlines() if line.startswith("| ") and "---" not in line]
    named = {name.strip() for row in cells for name in row[-2].split(",") if not row[-1].strip().startswith("why")}
    assert named == declared()


def test_the_changelog_knows_the_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
