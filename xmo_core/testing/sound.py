"""Telling whether a record is what the contract says it is: Python checks no types by itself, and a database does."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from xmo_hooks import Answer, Contact, Measurement, Native, Ticket, Touchpoint

_TOLD = (Ticket, Touchpoint, Native, Measurement)
_HINTS = {type_: get_type_hints(type_) for type_ in (*_TOLD, Contact, Answer)}
_NAMED = ("key", "number", "kind", "ticket", "question", "unit", "Measurement.name")


def unsound(record: object) -> str:
    """Say what is wrong with a record of a source, "" for nothing."""
    if not isinstance(record, _TOLD):
        return f"`parse` gave {record!r}, which is no Ticket, Touchpoint, Native or Measurement"
    return next(_wrong(record, type(record).__name__), "")


def _wrong(record: Any, where: str) -> Iterator[str]:
    for field in fields(record):
        value, name = getattr(record, field.name), f"{where}.{field.name}"
        if not fits(value, _HINTS[type(record)][field.name]):
            yield f"{name} is {value!r}, of type {type(value).__name__}"
        elif value == "" and (field.name in _NAMED or name in _NAMED):
            yield f"{name} is empty"
        elif is_dataclass(value):
            yield from _wrong(value, name)


def fits(value: object, hint: Any) -> bool:
    """Tell whether a value is of a type of the contract; True is no number."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(fits(value, arg) for arg in args)
    if origin is Literal:
        return value in args
    if origin is Mapping:
        return isinstance(value, Mapping) and all(fits(k, args[0]) and fits(v, args[1]) for k, v in value.items())
    if origin is Sequence:
        return isinstance(value, Sequence) and all(fits(one, args[0]) for one in value)
    if hint in (int, float):
        return type(value) is int or type(value) is hint
    return isinstance(value, hint)
