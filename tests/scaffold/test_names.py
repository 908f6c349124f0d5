"""What a plugin may be called, and what is said when it may not."""

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from xmo_core.cli import cli, main
from xmo_scaffold import names
from xmo_scaffold.names import Names


def call(*words: str) -> Result:
    return CliRunner().invoke(cli, ["new-plugin", *words])


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Acorn",
        "acorn-desk",
        "acorn desk",
        "2acorn",
        "_acorn",
        "acorn_",
        "a__b",
        "école",
        "class",
        "a/b",
        ".",
        "a" * 31,
    ],
)
def test_what_cannot_be_a_name_is_refused_in_plain_words(name: str, tmp_path: Path) -> None:
    done = call(name, "--dir", str(tmp_path))
    assert f'"{name}" cannot be the name of a plugin.' in str(done.exception)
    assert list(tmp_path.iterdir()) == []


def test_a_name_becomes_what_each_place_needs() -> None:
    made = Names.of("acorn_desk2")
    assert (made.package, made.distribution, made.title) == ("xmo_acorn_desk2", "xmo-acorn-desk2", "Acorn desk2")
    assert made.cls == "AcornDesk2"


@pytest.mark.parametrize("name", ["servicenow", "surveys", "jira"])
def test_the_name_of_an_installed_plugin_is_refused(name: str, tmp_path: Path) -> None:
    assert f"A plugin called {name} is installed already." in str(call(name, "--dir", str(tmp_path)).exception)


def test_no_plugin_is_loaded_to_look_at_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = tmp_path / "loaded"
    (tmp_path / "made_other.py").write_text(f"open({str(loaded)!r}, 'w').close()\n1 / 0\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(names, "entry_points", lambda **_: [EntryPoint("other", "made_other", names.GROUP)])
    assert "A plugin called other is installed already." in str(call("other", "--dir", str(tmp_path)).exception)
    assert call("maple", "--dir", str(tmp_path)).exception is None
    assert not loaded.exists()


NAMES_IN_A_SOURCE = ["options", "ticket_row", "any", "schema", "iterable", "sequence", "iterator"]


@pytest.mark.parametrize("name", NAMES_IN_A_SOURCE)
def test_a_name_that_the_files_use_for_something_else_is_refused(name: str, tmp_path: Path) -> None:
    said = str(call(name, "--dir", str(tmp_path)).exception)
    assert f'"{name}" cannot be the name of a plugin: xmo_{name}/plugin.py has another {Names.of(name).cls}' in said
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_only_other_types_use_is_free(tmp_path: Path) -> None:
    assert call("options", "--type", "scores", "--dir", str(tmp_path)).exception is None


def test_the_name_of_an_installed_package_is_refused(tmp_path: Path) -> None:
    assert "A package xmo_core is installed already." in str(call("core", "--dir", str(tmp_path)).exception)


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    mine = tmp_path / "xmo-acorn" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("mine", encoding="utf-8")
    assert f"{mine.parent} is there already." in str(call("acorn", "--dir", str(tmp_path)).exception)
    assert list(mine.parent.iterdir()) == [mine]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    done = call("acorn", "--dir", str(file / "below"))
    assert "cannot be written: Not a directory" in str(done.exception)


def test_a_type_that_there_is_not_is_answered_with_those_that_there_are(tmp_path: Path) -> None:
    done = call("acorn", "--type", "survey", "--dir", str(tmp_path))
    assert done.exit_code == 2
    assert "'source', 'channel', 'trigger', 'scores', 'words'" in done.output


def test_the_command_itself_says_what_is_wrong_and_ends_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["xmo", "new-plugin", "Acorn"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    said = capsys.readouterr().err
    assert '"Acorn" cannot be the name of a plugin.' in said
    assert "small letters" in said
