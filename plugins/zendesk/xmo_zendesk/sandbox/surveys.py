"""The vendor's own survey, of which an account has one of two: ratings, good or bad, or survey responses."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from xmo_zendesk.sandbox.clock import iso
from xmo_zendesk.sandbox.life import GOOD, Life
from xmo_zendesk.sandbox.work import Event, Ticket

Json = dict[str, Any]
MODES = ("surveys", "legacy", "none")
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LIFETIME = 28 * 86_400
_LABELS = ("Very unsatisfied", "Unsatisfied", "Neutral", "Satisfied", "Very satisfied")
_BEGINNING = 1_577_836_800_000


def ulid(milliseconds: int, name: str) -> str:
    """Return an id that sorts by time, as the vendor gives to surveys: the same time and name give the same."""
    number = milliseconds << 80 | int.from_bytes(blake2b(name.encode(), digest_size=10).digest())
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


SURVEY = ulid(_BEGINNING, "survey")
_REASONS = {ulid(_BEGINNING, name): name for name in ("It took too long", "It was not resolved")}


def rating(ticket: Ticket, life: Life, mode: str) -> Json | None:
    """Return what a ticket says about its rating: nothing without the survey of old."""
    if mode != "legacy":
        return None if mode == "none" else {"score": "unoffered"}
    score = life.state["satisfaction"]
    rated = life.last("rated")
    if rated is None:
        return {"score": score}
    return {"id": _rating_id(ticket), "score": score, "comment": rated.text, "reason": _reason(rated)}


def rating_row(ticket: Ticket, life: Life, root: str) -> Json:
    """Return a row of the list of ratings; it says when it was offered, and when it was given."""
    rated, offered = life.last("rated"), life.last("offered")
    events = [event for event in (offered, rated) if event]
    return {
        "url": f"{root}api/v2/satisfaction_ratings/{_rating_id(ticket)}.json",
        "id": _rating_id(ticket),
        "assignee_id": life.state["assignee_id"],
        "group_id": life.state["group_id"],
        "requester_id": ticket.requester,
        "ticket_id": ticket.id,
        "score": life.state["satisfaction"],
        "created_at": iso(events[0].at),
        "updated_at": iso(events[-1].at),
        "comment": rated.text if rated else "",
        "reason": _reason(rated) if rated else "",
    }


def response_id(offer: Event) -> str:
    """Return the id of the response that an offer makes."""
    return ulid(offer.at * 1000, str(offer.ticket))


def response(ticket: Ticket, life: Life, offer: Event, *, whole: bool) -> Json:
    """Return a survey response: without answers while nobody has answered. Only a `whole` one, asked for by its id,
    has the words and the options of its questions."""
    rated, zrn = life.last("rated"), f"zen:ticket:{ticket.id}"
    return {
        "id": response_id(offer),
        "expires_at": _stamp(offer.at + _LIFETIME),
        "responder_id": ticket.requester,
        "subject_zrns": [zrn],
        "subjects": [{"id": str(ticket.id), "type": "ticket", "zrn": zrn}],
        "survey": {"id": SURVEY, "version": 3, "state": "enabled"},
        "answers": _answers(rated, whole=whole) if rated else [],
    }


def _answers(rated: Event, *, whole: bool) -> list[Json]:
    times = {"created_at": _stamp(rated.at), "updated_at": _stamp(rated.at)}
    category = "good" if rated.rating >= GOOD else "neutral" if rated.rating == GOOD - 1 else "bad"
    questions = [_question(kind, whole=whole) for kind in ("rating_scale_numeric", "closed_ended", "open_ended")]
    answers: list[Json] = [
        {"type": "rating_scale", "rating": rated.rating, "rating_category": category},
        {"type": "closed_ended", "selections": [{"type": "predefined", "option_id": next(iter(_REASONS))}]},
        {"type": "open_ended", "value": rated.text},
    ]
    if category == "good":
        answers[1] = {"type": "skipped"}
    if not rated.text:
        answers[2] = {"type": "skipped"}
    return [{**answer, "question": question, **times} for answer, question in zip(answers, questions, strict=True)]


def _question(kind: str, *, whole: bool) -> Json:
    aliases = {"closed_ended": "reason", "open_ended": "comment", "rating_scale_numeric": "satisfaction"}
    question: Json = {"id": ulid(_BEGINNING, kind), "type": kind, "alias": aliases[kind]}
    if kind == "rating_scale_numeric":
        question["sub_type"] = "customer_satisfaction"
    if not whole:
        return question
    question["headline"] = _static(f"Question: {aliases[kind]}")
    if kind == "rating_scale_numeric":
        question["options"] = [{"rating": n, "label": _static(label)} for n, label in enumerate(_LABELS, 1)]
    if kind == "closed_ended":
        question["options"] = [{"id": key, "label": _static(label)} for key, label in _REASONS.items()]
    return question


def _static(value: str) -> Json:
    return {"type": "static", "value": value}


def _reason(rated: Event) -> str:
    return "No reason provided" if rated.rating >= GOOD else next(iter(_REASONS.values()))


def _rating_id(ticket: Ticket) -> int:
    return 80_000_000_000 + ticket.id


def _stamp(at: int) -> str:
    return iso(at).replace("Z", ".000Z")
