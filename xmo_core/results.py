"""What each hook must return: checked where it is called, so that garbage is its plugin's failure and nobody else's."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePath
from typing import Any

from xmo_hooks import Ask, ChannelKind, Kind, Message, Mount, Sandbox, Section, Skip, Table, Wait

Check = tuple[str, Callable[[Any], bool]]


def _list_of(type_: type) -> Check:
    def fits(result: Any) -> bool:
        return isinstance(result, Iterable) and all(isinstance(thing, type_) for thing in result)

    return f"a list of {type_.__name__}", fits


def _scores(result: Any) -> bool:
    return isinstance(result, Mapping) and all(
        isinstance(name, str) and (value is None or type(value) is int) for name, value in result.items()
    )


def _files(result: Any) -> bool:
    return isinstance(result, Mapping) and all(
        isinstance(name, str) and PurePath(name).name == name and isinstance(content, bytes)
        for name, content in result.items()
    )


_CHECKS: Mapping[str, Check] = {
    "xmo_sections": _list_of(Section),
    "xmo_sources": _list_of(Kind),
    "xmo_channels": _list_of(ChannelKind),
    "xmo_sandboxes": _list_of(Sandbox),
    "xmo_decide": ("Ask, Skip or Wait", lambda result: isinstance(result, Ask | Skip | Wait)),
    "xmo_compose": ("a Message", lambda result: isinstance(result, Message)),
    "xmo_score": ("whole numbers by name", _scores),
    "xmo_figures": _list_of(Table),
    "xmo_render": ("bytes by file name", _files),
    "xmo_pages": _list_of(Mount),
}


def misfit(hook: str, result: object) -> str:
    """Say what a hook should have returned, or nothing where it did."""
    what, fits = _CHECKS[hook]
    return "" if fits(result) else f"must return {what}, and did not"
