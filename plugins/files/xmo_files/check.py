"""What `xmo check` says about files: which there are, their columns, and how the first rows are understood."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from xmo_files.mapping import REQUESTER, TICKET, Options, Table
from xmo_files.parse import ADDRESS, Parser
from xmo_files.places import Found, found
from xmo_files.sheet import Sheet
from xmo_files.walk import REQUIRED, missing
from xmo_hooks import BadRecord, Finding, Measurement, Native, Row, Ticket, Touchpoint, Unavailable

SAMPLE = 1000  # rows of each file
_SHOWN = 12
_EARLY = datetime(1990, 1, 1, tzinfo=UTC)  # hardly a ticket is older, but a number misread as a time often is
_FIX_BAD = "Mend `fields`, `times`, `missing` or `labels`; what stays goes to quarantine, and stops nothing."


@dataclass(slots=True)
class _Seen:
    """What the sample of one table showed."""

    rows: int = 0
    bad: list[BadRecord] = field(default_factory=list)
    first: str = ""
    states: Counter[str] = field(default_factory=Counter)
    backwards: int = 0
    odd: int = 0
    addresses: Counter[str] = field(default_factory=Counter)


def findings(options: Options, now: datetime) -> Iterator[Finding]:
    """Yield what was found, one sentence each. Reads the first rows of each file; no value of a row is told but a
    ticket's number, its state and its times."""
    try:
        files = found(options.place)
    except Unavailable as error:
        yield Finding(level="error", text=str(error), fix=error.hint)
        return
    meant = [file for file in files if any(table.is_for(file.name) for table in options.tables)]
    yield _listed(options, files, meant)
    for table in options.tables:
        parser, seen = Parser(table, options.requester_kind), _Seen()
        for file in (file for file in meant if table.is_for(file.name)):
            yield from _file(file, [one for one in options.tables if one.is_for(file.name)], table, parser, seen, now)
        yield from _understood(table, seen)
        yield from _states(table, parser, seen)


def _listed(options: Options, files: Sequence[Found], meant: Sequence[Found]) -> Finding:
    if not meant:
        fix = "Look at `url`, and at `name` in `tables`." if files else "Look at `url` of this source."
        return Finding(level="warning", text=f"No file to read at {options.place}.", fix=fix)
    size = sum(file.size for file in meant) / 1_000_000
    others = f"; {len(files) - len(meant)} more that no table is for" if len(files) > len(meant) else ""
    text = f"Files, {size:,.1f} MB: {_some([file.name for file in meant])}{others}."
    return Finding(level="ok", text=text)


def _file(
    file: Found, tables: Sequence[Table], table: Table, parser: Parser, seen: _Seen, now: datetime
) -> Iterator[Finding]:
    """Look into one file; what its rows show goes to `seen`."""
    sheet = Sheet(file, tables, now)
    try:
        rows = list(islice(sheet.rows(None), SAMPLE))
    except Unavailable as error:
        yield Finding(level="error", text=str(error), fix=error.hint)
        return
    columns = sheet.head.columns or tuple(sorted({name for row in rows for name in _names(row["cells"])}))
    lacking = list(missing(columns, table)) if columns else []
    used = len(set(columns) & table.columns().keys())
    yield Finding(level="ok", text=f"{file.name}: {len(columns)} columns, {used} of them used.")
    for option, text in lacking:
        fix = f"It has: {_some(list(columns))}."
        yield Finding(level="error" if option in REQUIRED else "warning", text=f"{file.name} has {text}.", fix=fix)
    if not any(option in REQUIRED for option, _ in lacking):
        for row in rows:
            if "trouble" in row or parser.is_meant(row):
                _look(table, parser, row, seen, now)


def _look(table: Table, parser: Parser, row: Row, seen: _Seen, now: datetime) -> None:
    seen.rows += 1
    try:
        told = list(parser.records(row))
    except BadRecord as error:
        seen.bad.append(error)
        return
    tickets = [one for one in told if isinstance(one, Ticket)]
    seen.first = seen.first or _shown(tickets, told)
    for ticket in tickets:
        seen.states[ticket.vendor_state] += 1
        ended_at = ticket.resolved_at or ticket.closed_at
        times = [ticket.opened_at, ticket.resolved_at, ticket.closed_at]
        times += [ticket.changed_at] if "changed_at" in table.fields else []
        seen.odd += any(at and not _EARLY <= at <= now for at in times)
        seen.backwards += bool(ended_at and ended_at < ticket.opened_at)
    for name in table.fields.keys() - TICKET - REQUESTER:
        texts = [row["cells"].get(column) for column in table.fields[name].columns]
        seen.addresses[name] += any(isinstance(text, str) and ADDRESS.search(text) is not None for text in texts)


def _shown(tickets: Sequence[Ticket], told: Sequence[object]) -> str:
    parts = [f"{one.kind} {one.number}, {one.state}, opened {one.opened_at:%Y-%m-%d %H:%M} UTC" for one in tickets]
    for type_, what in ((Touchpoint, "touchpoint"), (Native, "answer"), (Measurement, "measurement")):
        if number := sum(isinstance(one, type_) for one in told):
            parts.append(f"{number} {what}{'' if number == 1 else 's'}")
    return "; ".join(parts)


def _understood(table: Table, seen: _Seen) -> Iterator[Finding]:
    what = f"Rows of {table.name}" if table.name else "Rows"
    if seen.first:
        yield Finding(level="ok", text=f"{what}: the first one tells {seen.first}.")
    if seen.rows and not seen.bad:
        yield Finding(level="ok", text=f"{what}: all of the {seen.rows:,} looked at are understood.")
    elif seen.bad:
        share = len(seen.bad) / seen.rows
        text = f"{what}: {len(seen.bad):,} of {seen.rows:,} looked at ({share:.1%}) are not understood. {seen.bad[0]}."
        yield Finding(level="error" if share > 0.5 else "warning", text=text, fix=_FIX_BAD)
    if seen.backwards:
        text = f"{what}: {seen.backwards:,} of {seen.rows:,} end before they are opened."
        yield Finding(level="warning", text=text, fix="Look whether `fields` and `times` name what is meant.")
    if seen.odd:
        text = f"{what}: {seen.odd:,} of {seen.rows:,} tell of times before {_EARLY.year} or after now."
        yield Finding(level="warning", text=text, fix="Look whether `times` and `timezone` are those of the file.")
    for name, number in seen.addresses.items():
        if number:
            text = f"{what}: {name} holds e-mail addresses; these are left out of the store."
            yield Finding(level="warning", text=text, fix="A requester's address belongs to `email`.")


def _states(table: Table, parser: Parser, seen: _Seen) -> Iterator[Finding]:
    if "state" not in table.fields or not seen.states:
        return
    meant: dict[str, list[str]] = {}
    for raw in sorted(seen.states):
        meant.setdefault(parser.state(raw), []).append(raw or "(empty)")
    unknown = meant.pop("unknown", [])
    if meant:
        said = (f"{_some(raws)}: {state}" for state, raws in sorted(meant.items()))
        yield Finding(level="ok", text=f"States: {'; '.join(said)}.")
    if unknown:
        fix = f'Say what they mean in `states`, as in states = {{ "{unknown[0]}" = "resolved" }}.'
        yield Finding(level="warning", text=f"States that mean nothing to XMO: {_some(unknown)}.", fix=fix)
    there = {raw.casefold() for raw in seen.states}
    if absent := sorted(raw for raw in table.states if raw.casefold() not in there):
        yield Finding(level="note", text=f"States that no row looked at holds: {_some(absent)}.")


def _names(cells: dict[str, Any], within: str = "") -> Iterator[str]:
    for name, value in cells.items():
        yield within + name
        if isinstance(value, dict):
            yield from _names(value, f"{within}{name}.")


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
