"""The demo's folder: made anew, and nothing in it is deleted that the demo did not make."""

import tomllib
from pathlib import Path

import pytest

from xmo_demo.folder import CREDIT, KEY, MARK, OURS, clear, furnish
from xmo_demo.respondents import RULE
from xmo_hooks import ConfigError

SOURCE = 'kind = "servicenow"\nurl = "http://127.0.0.1:1"\n'


def _played(folder: Path) -> None:
    clear(folder)
    furnish(folder, pages="http://127.0.0.1:2", source=SOURCE)
    for name in OURS:
        (folder / name).touch()


def _content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_new_folder_is_made_with_those_above_it(tmp_path: Path) -> None:
    clear(tmp_path / "new" / "demo")
    assert list((tmp_path / "new" / "demo").iterdir()) == []


def test_an_earlier_demo_is_cleared_away(tmp_path: Path) -> None:
    _played(tmp_path)
    clear(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["notes.txt", "xmo.db.bak", "REPORT.html"])
def test_a_file_that_is_not_the_demos_is_kept_with_all_others(tmp_path: Path, name: str) -> None:
    _played(tmp_path)
    (tmp_path / name).write_text("mine", encoding="utf-8")
    before = _content(tmp_path)
    with pytest.raises(ConfigError, match=f"holds {name}: nothing was deleted"):
        clear(tmp_path)
    assert _content(tmp_path) == before


def test_a_folder_in_the_place_of_a_file_is_kept(tmp_path: Path) -> None:
    _played(tmp_path)
    (tmp_path / "report.html").unlink()
    (tmp_path / "report.html").mkdir()
    with pytest.raises(ConfigError, match=r"holds report\.html"):
        clear(tmp_path)
    assert (tmp_path / KEY).exists()


@pytest.mark.parametrize("text", ["", "[site]\n", f"# mine\n{MARK}"])
def test_a_config_that_no_demo_wrote_is_kept(tmp_path: Path, text: str) -> None:
    (tmp_path / "xmo.toml").write_text(text, encoding="utf-8")
    (tmp_path / "xmo.db").write_bytes(b"years of answers")
    before = _content(tmp_path)
    with pytest.raises(ConfigError, match="nothing was deleted"):
        clear(tmp_path)
    assert _content(tmp_path) == before


def test_a_store_without_a_config_is_kept(tmp_path: Path) -> None:
    (tmp_path / "xmo.db").write_bytes(b"years of answers")
    with pytest.raises(ConfigError, match="nothing was deleted"):
        clear(tmp_path)
    assert (tmp_path / "xmo.db").exists()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "demo").touch()
    with pytest.raises(ConfigError, match="is a file"):
        clear(tmp_path / "demo")


def test_the_config_tells_readers_of_the_report_what_is_made_up(tmp_path: Path) -> None:
    config = tomllib.loads(furnish(tmp_path, pages="http://127.0.0.1:2", source=SOURCE).read_text(encoding="utf-8"))
    note = config["board"]["note"]
    assert note.startswith("Simulated answers.")
    assert RULE in note
    assert CREDIT in note
    assert config["sources"]["desk"]["url"] == "http://127.0.0.1:1"
    assert config["site"]["url"] == "http://127.0.0.1:2"


def test_the_key_is_secret_and_new_each_time(tmp_path: Path) -> None:
    keys = set()
    for _ in range(2):
        clear(tmp_path)
        furnish(tmp_path, pages="http://127.0.0.1:2", source=SOURCE)
        keys.add((tmp_path / KEY).read_text(encoding="utf-8"))
        assert (tmp_path / KEY).stat().st_mode & 0o077 == 0
    assert len(keys) == 2
