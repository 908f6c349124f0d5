"""The trouble that a wire can make, and when it makes it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson

from xmo_core.testing.wire import Answer, Ask, Call, Fault, Headers, Plan

_JSON = ("Content-Type", "application/json")


def refuses(status: str, body: Any = None, **headers: str) -> Fault:
    """Answer in the desk's place, which is not asked: "503 Service Unavailable" and such."""
    named: Headers = [_JSON, *((name.replace("_", "-"), value) for name, value in headers.items())]

    def fault(_call: Call, _ask: Ask) -> Answer:
        return Answer(status, named, orjson.dumps(body if body is not None else {"error": status}))

    return fault


def cut(_call: Call, ask: Ask) -> Answer:
    """Break the connection off in the middle of the answer."""
    return replace(ask(), cut=True)


def lost(_call: Call, ask: Ask) -> Answer:
    """Let the desk do what it is asked, and break the connection off before it can say so."""
    return replace(ask(), lost=True)


def halved(_call: Call, ask: Ask) -> Answer:
    """Answer 200 with half of the body, as a proxy does that gave up waiting."""
    answer = ask()
    return replace(answer, body=answer.body[: len(answer.body) // 2])


def rewritten(change: Callable[[Any], Any]) -> Fault:
    """Change the JSON of an answer on its way."""

    def fault(_call: Call, ask: Ask) -> Answer:
        answer = ask()
        found = answer.json()
        return answer if found is None else replace(answer, body=orjson.dumps(change(found)))

    return fault


def always(fault: Fault) -> Plan:
    """Trouble each call."""
    return lambda _call: fault


def first_of_each(fault: Fault) -> Plan:
    """Trouble each read the first time that it is asked, and let it through when it is repeated."""
    asked: set[object] = set()

    def plan(call: Call) -> Fault | None:
        if not call.read or call.what in asked:
            return None
        asked.add(call.what)
        return fault

    return plan


def after(calls: int, fault: Fault) -> Plan:
    """Trouble each call from the first one behind so many."""
    seen = 0

    def plan(_call: Call) -> Fault | None:
        nonlocal seen
        seen += 1
        return fault if seen > calls else None

    return plan


def once(number: int, fault: Fault) -> Plan:
    """Trouble the call with this number, counted from 0, and no other."""
    seen = -1

    def plan(_call: Call) -> Fault | None:
        nonlocal seen
        seen += 1
        return fault if seen == number else None

    return plan


def writes(fault: Fault) -> Plan:
    """Trouble each write."""
    return lambda call: None if call.read else fault


def write(number: int, fault: Fault) -> Plan:
    """Trouble the write with this number, counted from 0, and no other call."""
    once_ = once(number, fault)
    return lambda call: None if call.read else once_(call)


def holding(text: str, fault: Fault) -> Plan:
    """Trouble each write whose body holds this text."""
    return lambda call: fault if not call.read and text.encode() in call.body else None
