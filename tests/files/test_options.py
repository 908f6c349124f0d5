"""The options: what is understood, what is refused and where, and the table that `xmo init` writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from marshmallow import ValidationError

from xmo_core.cli import cli
from xmo_core.config import read
from xmo_core.registry import load
from xmo_files.mapping import Options
from xmo_files.options import OptionsSchema

BASE = {"key": "Id", "opened_at": "Opened"}
GAUGE = {"name": "start", "value": "Boot", "unit": "s", "at": "Day"}


def _load(**options: Any) -> Options:
    loaded: Options = OptionsSchema().load({"url": "exports", "fields": BASE, **options})
    return loaded


def test_what_is_not_said_is_plain() -> None:
    options = _load()
    (table,) = options.tables
    assert (options.page_size, options.requester_kind, table.times, table.encoding) == (
        500,
        "unknown",
        ("iso",),
        "utf-8",
    )
    assert table.timezone == ZoneInfo("UTC")
    assert table.missing == frozenset({"", "?", "NA", "N/A", "NULL"})


@pytest.mark.parametrize(
    ("options", "where", "text"),
    [
        ({"fields": {}}, ("fields",), "Say which column is what"),
        ({"fields": {"key": "Id", "title": "T"}}, ("fields",), "A ticket needs opened_at"),
        ({"fields": {**BASE, "Title": "T"}}, ("fields", "Title", "key"), "small letters"),
        ({"fields": {**BASE, "title": ""}}, ("fields", "title", "value"), "Write the name of a column"),
        ({"fields": {**BASE, "title": []}}, ("fields", "title", "value"), "Write the name of a column"),
        ({"fields": {**BASE, "title": {"always": "x"}}}, ("fields", "title", "value"), "Write the name of a column"),
        (
            {"fields": {**BASE, "email": "Mail", "who": "Mail"}},
            ("fields",),
            "who would keep in clear who the requester is",
        ),
        ({"fields": {**BASE, "name": ["A", "B"], "x": ["C", "B"]}}, ("fields",), "x would keep in clear"),
        ({"states": {"Done": "finished"}}, ("states", "Done", "value"), "Must be one of"),
        ({"times": ["%d.%m.%Y", "%Q"]}, ("times", 1), "Not a way to write times"),
        ({"times": ["%d.%m."]}, ("times", 0), "Not a way to write times"),
        ({"times": []}, ("times",), "Shorter than minimum length"),
        ({"timezone": "Berlin"}, ("timezone",), "Not a time zone"),
        ({"timezone": 7}, ("timezone",), "Not a time zone"),
        ({"timezone": "../etc/passwd"}, ("timezone",), "Not a time zone"),
        ({"encoding": "latin-99"}, ("encoding",), "Not an encoding"),
        ({"encoding": "base64"}, ("encoding",), "Not an encoding"),
        ({"delimiter": "tab"}, ("delimiter",), "Length must be 1"),
        ({"when": {"A": []}}, ("when",), "Write which column must hold what"),
        ({"touchpoints": [{"at": "A", "what": "called"}]}, ("touchpoints", 0, "what"), "Must be one of"),
        ({"touchpoints": [{"what": "contact"}]}, ("touchpoints", 0, "at"), "Missing data"),
        ({"surveys": [{"low": 1}]}, ("surveys", 0, "value"), "Name the column"),
        ({"surveys": [{"value": "A", "low": 5, "high": 5}]}, ("surveys", 0, "low"), "low must lie below high"),
        ({"surveys": [{"value": "A", "best": 3}]}, ("surveys", 0, "low"), "best be one of the two"),
        ({"surveys": [{"value": "A", "values": {"Good": 7}}]}, ("surveys", 0, "values"), "outside of low and high"),
        ({"fields": {"key": "Id"}, "surveys": [{"value": "A"}]}, ("surveys",), "say `at` which time"),
        ({"fields": {}, "surveys": [{"value": "A", "at": "B"}]}, ("surveys",), "the `key` of the ticket"),
        (
            {"fields": {}, "touchpoints": [{"at": "A", "what": "update"}]},
            ("touchpoints",),
            "update is part of its life",
        ),
        ({"measurements": [{**GAUGE, "name": "Start"}]}, ("measurements", 0, "name"), "small letters"),
        ({"measurements": [{**GAUGE, "unit": ""}]}, ("measurements", 0, "unit"), "Shorter than minimum length"),
        ({"measurements": [{**GAUGE, "family": "human"}]}, ("measurements", 0, "family"), "Must be one of"),
        ({"measurements": [{"name": "start"}]}, ("measurements", 0, "value"), "Missing data"),
        (
            {"fields": {"email": "Mail"}, "measurements": [{**GAUGE, "about": ["Laptop", "Mail"]}]},
            ("measurements",),
            "about would keep in clear who the requester is",
        ),
        ({"fields": {"key": "Id", "service": "S"}, "measurements": [GAUGE]}, ("fields",), "A ticket needs opened_at"),
        ({"fields": {"key": "Id"}}, ("fields",), "A ticket needs opened_at"),
        ({"tables": []}, ("tables",), "Shorter than minimum length"),
        ({"tables": [{"fields": BASE}]}, ("tables", 0, "name"), "Missing data"),
        ({"tables": [{"name": "a"}, {"name": "b", "fields": {}}]}, ("tables", 1, "fields"), "Say which column is what"),
        ({"url": "https://desk.example.com"}, ("url",), "Write a path"),
        ({"url": ""}, ("url",), "Shorter than minimum length"),
        ({"page_size": 0}, ("page_size",), "greater than or equal to 1"),
        ({"feilds": {}}, ("feilds",), "Unknown field"),
    ],
)
def test_a_mistake_is_told_where_it_stands(options: dict[str, Any], where: tuple[Any, ...], text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        _load(**options)
    found: Any = refused.value.messages
    for step in where:
        found = found[step]
    assert text in found[0]


def test_every_mistake_is_told_with_its_line_and_the_nearest_name(tmp_path: Path) -> None:
    source = '[sources.h]\nkind = "files"\nurl = "x"\nfeilds = { key = "Id" }\ntimezone = "Mars"\n'
    code, said = _xmo(tmp_path, source, "check")
    assert code == 2
    assert 'xmo.toml:8 sources.h.feilds: there is no such option (did you mean "fields"?)' in said
    assert "xmo.toml:9 sources.h.timezone: Not a time zone that this machine knows" in said


def test_a_relative_path_begins_where_the_config_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _xmo(tmp_path, '[sources.h]\nkind = "files"\nurl = "exports/*.csv"\nfields = { opened_at = "A" }\n', "plugins")
    monkeypatch.chdir("/")
    config = read(tmp_path / "xmo.toml", load(), {})
    assert config.sources["h"].options.place == str(tmp_path / "exports" / "*.csv")


def test_the_starter_names_every_option_and_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(cli, ["init", "--kind", "files"]).exit_code == 0
    text = (tmp_path / "xmo.toml").read_text(encoding="utf-8")
    lines = text.partition("[sources.files]\n")[2].partition("\n[")[0].splitlines()
    assert lines[:2] == [
        'kind = "files"',
        'url = "exports/"  # a folder, a file, or a pattern such as exports/*.csv.gz',
    ]
    for field in OptionsSchema().fields.values():
        option = field.data_key or field.name
        assert sum(line.removeprefix("# ").startswith(f"{option} = ") for line in lines) == 1, option
    assert [file.name for file in tmp_path.iterdir() if file.name.endswith(".toml")] == ["xmo.toml"]
    assert "files" in read(tmp_path / "xmo.toml", load(), {}).sources


def _xmo(folder: Path, source: str, *command: str) -> tuple[int, str]:
    (folder / "xmo.key").write_text("k" * 40, encoding="utf-8")
    site = '[site]\nname = "Test IT"\nkey = { file = "xmo.key" }\n\n'
    (folder / "xmo.toml").write_text(site + source, encoding="utf-8")
    result = CliRunner().invoke(cli, ["--config", str(folder / "xmo.toml"), *command])
    return getattr(result.exception, "code", None) or (
        2 if result.exception else 0
    ), f"{result.output}{result.exception}"
