"""What a person at a terminal of 80 columns reads of the figures."""

import pytest

from xmo_core.summary import show_tables
from xmo_hooks import Figure, Table


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def _feeling(name: str, *, hidden: bool = False) -> list[Figure]:
    marks = (("net", -63.0, -80.0, -39.0), ("positive", 0.59, 0.40, 0.76), ("negative", 0.63, 0.44, 0.79))
    return [
        Figure(
            key=(name,) if name else (),
            measure=measure,
            value=None if hidden else value,
            low=None if hidden else low,
            high=None if hidden else high,
            unit="net" if measure == "net" else "share",
            asked=303,
            answered=173,
            persons=100,
            hidden=hidden,
        )
        for measure, value, low, high in marks
    ]


def _table(*figures: Figure, total: tuple[Figure, ...] = (), title: str = "Feeling by service") -> Table:
    return Table(name="made", title=title, definition="", by=("service",), figures=figures, total=total)


def _count(state: str, n: int | None) -> Figure:
    about = {"key": (state,), "measure": "count", "unit": "count", "asked": 0, "answered": 0, "persons": n or 0}
    return Figure(**about, value=n, low=n, high=n, hidden=n is None)  # type: ignore[arg-type]


def test_a_row_of_three_intervals_fits_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    show_tables([_table(*_feeling("Category 32"), total=tuple(_feeling("")))])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    (line,) = [line for line in lines if "Category" in line]
    assert " ".join(line.split()) == "Category 32 -63 (-80 to -39) 59 % (40 to 76) 63 % (44 to 79) 173 of 303"


def test_a_title_is_as_long_as_it_likes(capsys: pytest.CaptureFixture[str]) -> None:
    show_tables([_table(_count("tickets", 300), title="From tickets to questions")])
    assert "From tickets to questions" in capsys.readouterr().out.splitlines()


def test_what_is_hidden_is_called_that_and_the_reason_stands_below_once(capsys: pytest.CaptureFixture[str]) -> None:
    tables = [_table(_count("withdrawn", None), _count("expired", 0)), _table(*_feeling("Mail", hidden=True))]
    show_tables(tables)
    said = capsys.readouterr().out
    rows = [row for line in said.splitlines() if len(row := line.split()) == 2]
    assert rows == [["withdrawn", "hidden"], ["expired", "0"], ["Mail", "hidden"]]
    assert said.count("fewer than 5 persons") == 1


def test_nothing_is_said_of_hiding_where_nothing_is_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    show_tables([_table(_count("withdrawn", 0))])
    assert "idden" not in capsys.readouterr().out
