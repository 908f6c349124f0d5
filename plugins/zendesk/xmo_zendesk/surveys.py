"""The answers to Zendesk's CSAT surveys: fetched by the time they were offered, parsed to one record for each answer.

A survey is offered first and answered, or answered anew, up to four weeks later, without any filter that would find
what is new. So each run reads again what was offered in the last day before the newest one known, and once a day
everything whose answer may have come since that was done last: what was offered in the four weeks before then, and two
days more, for our clock need not be the vendor's.

Scales have two, three or five options, in numbers, faces or words, and differ between the versions of a survey: lowest
and highest are those of the question's own options, and high is the good end. Where the list of responses leaves the
options out, one whole response is read for each version of a survey. A response without an answer is none.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from xmo_hooks import Answer, BadRecord, Forbidden, Json, Log, Native, NotFound, Unavailable
from xmo_zendesk.client import MANY, Client, record, records
from xmo_zendesk.join import STREAM
from xmo_zendesk.times import moment

SATISFACTION = "satisfaction"  # what is asked, in the older kind of survey too
PATH = "guide/survey_responses"
DAY, WINDOW = 86_400_000, 30 * 86_400_000  # milliseconds
_KEPT = ("id", "survey", "subjects", "answers")


@dataclass(slots=True)
class Place:
    """Where the surveys stand, in epoch milliseconds: the newest that was seen, and when, by our clock, the last walk
    over all weeks was begun; and in the middle of a walk, where it began, behind what it goes on, and when it was begun
    if it is such a one."""

    newest: int = 0
    swept: int = 0
    begin: int = 0
    after: str | None = None
    sweep: int = 0

    def json(self) -> Json:
        """Return the place as it is kept in a cursor."""
        return asdict(self)

    def start(self, now: int) -> None:
        """Begin a walk, unless one is to be gone on with."""
        if self.after is not None:
            return
        is_due = not 0 <= now - self.swept < DAY
        self.sweep = now if is_due else 0
        if self.newest:
            self.begin = max(0, min(now, self.swept) - WINDOW if is_due else self.newest - DAY)

    def move(self, newest: int, after: str | None) -> None:
        """Go behind a page; without `after` it was the last one of the walk."""
        self.newest, self.after = max(self.newest, newest), after
        if after is None and self.sweep:
            self.swept = self.sweep


class Scales:
    """Puts the options of questions into responses that came without, by one whole response for each version."""

    def __init__(self, client: Client, locale: str) -> None:
        self._client, self._locale = client, locale
        self._known: dict[str, dict[str, Any]] = {}

    def fill(self, row: dict[str, Any]) -> dict[str, Any]:
        """Give each question of a response its options."""
        lacking = [one["question"] for one in row.get("answers") or () if _lacks_options(one)]
        for question in lacking:
            question["options"] = self._options(row).get(str(question.get("id")))
        return row

    def _options(self, row: dict[str, Any]) -> dict[str, Any]:
        version = _version(row)
        if version not in self._known:
            self._known[version] = {}
            try:
                body = self._client.get(f"guide/{self._locale}/survey_responses/{row.get('id')}")
            except (Forbidden, NotFound):
                return {}
            for one in record(body, "survey_response").get("answers") or ():
                question = one.get("question") or {}
                self._known[version][str(question.get("id"))] = question.get("options")
        return self._known[version]


def pages(client: Client, place: Place, scales: Scales, now: datetime, log: Log) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of each page; `place` then stands behind it. Plan or role may forbid surveys: then there are none,
    with a line in the log."""
    place.start(_milliseconds(now))
    more = True
    while more:
        params: dict[str, str | int] = {"page[size]": MANY}
        if place.begin:
            params["filter[created_at_start]"] = place.begin
        if place.after:
            params["page[after]"] = place.after
        try:
            body = client.get(PATH, params)
        except (Forbidden, NotFound) as error:
            log.info("stream is left out", stream="survey_responses", why=str(error))
            return
        rows = records(body, "survey_responses")
        meta = record(body, "meta") if body.get("meta") else {}
        more = bool(meta.get("has_more"))
        after = meta.get("after_cursor") if more else None
        if more and (not isinstance(after, str) or after == place.after):
            raise Unavailable("Zendesk's survey responses do not advance: a page leads to itself.")
        place.move(max(map(_offered, rows), default=0), after)
        yield [_slim(scales.fill(row)) for row in rows if row.get("answers")]


def parse(row: Mapping[str, Any]) -> list[Native]:
    """Turn a response into its answers, or raise `BadRecord`."""
    try:
        return list(_natives(row))
    except KeyError as error:
        name = str(error.args[0])
        raise BadRecord(f"{name}: is missing", field=name) from None
    except (AttributeError, TypeError, ValueError):
        raise BadRecord("answers: are not what a survey response holds", field="answers") from None


def _natives(row: Mapping[str, Any]) -> Iterator[Native]:
    ticket = next((str(one["id"]) for one in row["subjects"] if str(one.get("type")).endswith("ticket")), None)
    if ticket is None:
        return
    version = _version(row)
    for index, said in enumerate(row["answers"]):
        question = said.get("question") or {}
        name = _name(question) or str(said["type"])
        if answer := _answer(said, question, name, version):
            key = f"{row['id']}:{question.get('id', index)}"
            at = moment(said.get("updated_at") or said["created_at"])
            yield Native(ticket=ticket, key=key, at=at, answer=answer)


def _name(question: Mapping[str, Any]) -> str:
    """Return the name of a question: that of how satisfied one is bears the same name in both kinds of surveys."""
    if question.get("sub_type") == "customer_satisfaction":
        return SATISFACTION
    return str(question.get("alias") or question.get("id") or "")


def _answer(said: Mapping[str, Any], question: Mapping[str, Any], name: str, version: str) -> Answer | None:
    if said["type"] == "rating_scale" and type(rating := said.get("rating")) is int:
        low, high = _ends(question.get("options") or ())
        code = said.get("rating_category")
        if low is None or high is None or not low <= rating <= high:
            return Answer(question=name, version=version, code=code) if code else None
        return Answer(question=name, version=version, value=rating, low=low, high=high, best=high, code=code)
    if said["type"] == "open_ended" and said.get("value"):
        return Answer(question=name, version=version, text=str(said["value"]))
    if said["type"] == "closed_ended" and said.get("selections"):
        chosen = [str(one["option_id"]) for one in said["selections"]]
        labels = {str(one.get("id")): _label(one.get("label")) for one in question.get("options") or ()}
        text = "; ".join(labels.get(one) or one for one in chosen)
        return Answer(question=name, version=version, code=",".join(chosen), text=text)
    return None


def _ends(options: Any) -> tuple[int | None, int | None]:
    ratings = [one.get("rating", one.get("value")) for one in options]
    numbers = [rating for rating in ratings if type(rating) is int]
    return (min(numbers), max(numbers)) if len(numbers) > 1 else (None, None)


def _version(row: Mapping[str, Any]) -> str:
    survey = row.get("survey") or {}
    return f"{survey.get('id', '')}:{survey.get('version', '')}"


def _lacks_options(said: Any) -> bool:
    if not isinstance(said, dict) or said.get("type") not in ("rating_scale", "closed_ended"):
        return False
    return isinstance(said.get("question"), dict) and not said["question"].get("options")


def _label(label: Any) -> str:
    """Return the words of a label, which are a text or an object with `value` or `key`."""
    return str(label.get("value") or label.get("key") or "") if isinstance(label, dict) else str(label or "")


def _slim(row: Mapping[str, Any]) -> dict[str, Any]:
    return {STREAM: "surveys"} | {name: row[name] for name in _KEPT if name in row}


def _offered(row: Mapping[str, Any]) -> int:
    """Return when a survey was offered, else answered, in epoch milliseconds; 0 where nothing says so."""
    said = [one.get("created_at") for one in row.get("answers") or () if isinstance(one, dict)]
    for text in (row.get("created_at"), *said):
        try:
            return _milliseconds(moment(str(text)))
        except ValueError:
            continue
    return 0


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
