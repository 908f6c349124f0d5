"""The platform API beside search: issues, their comments, properties and changelogs."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response, request

from xmo_jira.sandbox import adf, answers, asked
from xmo_jira.sandbox.answers import Failure
from xmo_jira.sandbox.instance import Instance, ours
from xmo_jira.sandbox.life import History, Issue
from xmo_jira.sandbox.shape import EMBEDDED, EVERY, Shape, properties
from xmo_jira.sandbox.site import FIELDS

LONGEST = 32_767  # characters of a comment, and of a property
_LONGEST_KEY, _MOST_FETCHED, _MOST_LOGS, _MOST_LOG_FIELDS = 255, 100, 1_000, 10
_NEWEST, _DEFAULT = 100, 100
_FETCH_KEYS = ("expand", "fields", "fieldsByKeys", "issueIdsOrKeys", "properties")
_LOG_KEYS = ("fieldIds", "issueIdsOrKeys", "maxResults", "nextPageToken")


class Issues:
    """The endpoints: each method answers one request."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def issue(self, version: int, name: str) -> Response:
        """Answer `GET /issue/NAME`: as it is at this moment, whatever search knows."""
        expand, kept = asked.listed("expand"), asked.properties(asked.listed("properties"))
        with self._instance.lock:
            issue, shape = self._found(name), self._shape(version)
            names = asked.fields(asked.listed("fields"), EVERY)
            told, now = shape.issue(issue, names)
            if "changelog" in expand:
                told["changelog"] = shape.changelog(issue, now, _NEWEST)
            if "names" in expand:
                told["names"] = {field: FIELDS[field].name for field in names}
            if kept:
                told["properties"] = properties(issue, kept)
        return answers.json(told)

    def comments(self, version: int, name: str) -> Response:
        """Answer `GET /issue/NAME/comment`."""
        start = asked.number(request.args.get("startAt"), "startAt", 0)
        most = asked.number(request.args.get("maxResults"), "maxResults", _DEFAULT)
        order = request.args.get("orderBy", "created")
        if order.lstrip("+-") != "created":
            raise Failure(400, f"Cannot order comments by '{order}'.")
        with self._instance.lock:
            issue, shape = self._found(name), self._shape(version)
            found = self._instance.stand(issue).comments[:: -1 if order.startswith("-") else 1]
            full = "properties" in asked.listed("expand")
            page = [shape.comment(issue, c, properties=full) for c in found[start : start + most]]
        return answers.json({"startAt": start, "maxResults": most, "total": len(found), "comments": page})

    def write_comment(self, version: int, name: str) -> Response:
        """Answer `POST /issue/NAME/comment`: a document in version 3, text in version 2."""
        sent = asked.body()
        body, given = sent.get("body"), sent.get("properties") or []
        text = body if isinstance(body, str) else adf.text(body)
        _check(version, body, text, given)
        internal = any(_internal(entry) for entry in given) or sent.get("jsdPublic") is False
        document = body if version == 3 else None
        comment = ours(text, public=not internal, document=document, properties=given)
        with self._instance.lock:
            issue, shape = self._found(name), self._shape(version)
            written = self._instance.comment(issue, comment)
            told = shape.comment(issue, written, properties="properties" in asked.listed("expand"))
        return answers.json(told, 201)

    def properties(self, version: int, name: str) -> Response:
        """Answer `GET /issue/NAME/properties`: their keys."""
        with self._instance.lock:
            issue = self._found(name)
            base = f"{self._shape(version).root}rest/api/{version}/issue/{issue.id}/properties/"
            return answers.json({"keys": [{"key": key, "self": base + key} for key in issue.properties]})

    def property(self, version: int, name: str, key: str) -> Response:  # noqa: ARG002 - the same in both
        """Answer GET, PUT and DELETE of `/issue/NAME/properties/KEY`. A property does not move the change stamp."""
        with self._instance.lock:
            kept = self._found(name).properties
            if request.method == "PUT":
                is_new = key not in kept
                kept[key] = _value(key)
                return answers.json(None, 201 if is_new else 200)
            if key not in kept:
                raise Failure(404, f"The property with key '{key}' does not exist.")
            if request.method == "GET":
                return answers.json({"key": key, "value": kept[key]})
            del kept[key]
            return answers.nothing()

    def changelog(self, version: int, name: str) -> Response:
        """Answer `GET /issue/NAME/changelog` of the Cloud: oldest first."""
        start = asked.number(request.args.get("startAt"), "startAt", 0)
        most = asked.number(request.args.get("maxResults"), "maxResults", _DEFAULT) or _DEFAULT
        most = min(most, _DEFAULT)
        with self._instance.lock:
            issue, shape = self._found(name), self._shape(version)
            found = self._instance.stand(issue).histories
            values = shape.histories(issue, found[start : start + most])
        is_last = start + most >= len(found)
        told = {"self": request.url, "startAt": start, "maxResults": most, "total": len(found), "isLast": is_last}
        return answers.json({**told, "values": values})

    def fetch(self, version: int) -> Response:
        """Answer `POST /issue/bulkfetch`: what is not there, or not for us, is left out without a word."""
        sent = asked.body(_FETCH_KEYS, ("issueIdsOrKeys",))
        wanted = _named(sent, _MOST_FETCHED)
        expand, kept = asked.words(sent.get("expand")), asked.properties(asked.words(sent.get("properties")))
        names = asked.fields(asked.words(sent.get("fields")), [name for name in EVERY if name != "comment"])
        with self._instance.lock:
            shape = self._shape(version)
            rows = []
            for issue in self._some(wanted):
                told, now = shape.issue(issue, names, newest=EMBEDDED)
                if "changelog" in expand:
                    told["changelog"] = shape.changelog(issue, now, _NEWEST)
                if kept:
                    told["properties"] = properties(issue, kept)
                rows.append(told)
        return answers.json({"issues": rows, "issueErrors": []})

    def changelogs(self, version: int) -> Response:
        """Answer `POST /changelog/bulkfetch`: the entries of all these issues in one row, by their dates and the ids
        of their issues; an issue whose entries go over the end of a page comes again on the next."""
        sent = asked.body(_LOG_KEYS, ("issueIdsOrKeys",))
        wanted, fields = _named(sent, _MOST_LOGS), asked.words(sent.get("fieldIds"))
        if len(fields) > _MOST_LOG_FIELDS:
            raise Failure(400, f"No more than {_MOST_LOG_FIELDS} field ids are allowed.")
        most = asked.number(sent.get("maxResults"), "maxResults", _MOST_LOGS) or _MOST_LOGS
        about = f"changelog {sorted(wanted)} {sorted(fields)}"
        with self._instance.lock:
            now = self._instance.clock.millis()
            start = asked.place(sent["nextPageToken"], about, now) if sent.get("nextPageToken") else 0
            rows = self._histories(wanted, fields)
            logs = self._grouped(version, rows[start : start + most])
            told: dict[str, Any] = {"issueChangeLogs": logs}
            if start + most < len(rows):
                told["nextPageToken"] = asked.token(about, start + most, now)
        return answers.json(told)

    def _histories(self, wanted: list[str], fields: list[str]) -> list[tuple[Issue, History]]:
        rows = []
        for issue in self._some(wanted):
            for history in self._instance.stand(issue).histories:
                items = [item for item in history.items if not fields or item.field in fields]
                rows += [(issue, history._replace(items=items))] if items else []
        return sorted(rows, key=lambda row: (row[1].at, row[0].id, row[1].id))

    def _grouped(self, version: int, rows: list[tuple[Issue, History]]) -> list[dict[str, Any]]:
        shape, epoch = self._shape(version), self._instance.faults.hits("epoch", self._instance.faults.request())
        grouped: dict[int, tuple[Issue, list[History]]] = {}
        for issue, history in rows:
            grouped.setdefault(issue.id, (issue, []))[1].append(history)
        return [
            {"issueId": str(issue.id), "changeHistories": shape.histories(issue, histories, epoch=epoch)}
            for issue, histories in grouped.values()
        ]

    def _some(self, names: list[str]) -> list[Issue]:
        found = {issue.id: issue for name in names if (issue := self._instance.issue(name))}
        return list(found.values())

    def _found(self, name: str) -> Issue:
        self._instance.catch_up()
        issue = self._instance.issue(name)
        if issue is None:
            raise Failure(404, answers.NO_ISSUE)
        return issue

    def _shape(self, version: int) -> Shape:
        return Shape(self._instance, asked.root(cloud=self._instance.cloud), version, self._instance.clock.millis())


def _check(version: int, body: Any, text: str, properties: Any) -> None:
    if version == 3 and not adf.is_document(body):
        reason = "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
        raise Failure(400, errors={"comment": reason})
    if version == 2 and not isinstance(body, str):
        raise Failure(400, errors={"comment": "Operation value must be a string"})
    if not text.strip():
        raise Failure(400, errors={"comment": "Comment body can not be empty!"})
    if len(text) > LONGEST:
        reason = f"The entered text is too long. It exceeds the allowed limit of {LONGEST:,} characters."
        raise Failure(400, errors={"comment": reason})
    if not isinstance(properties, list) or not all(
        isinstance(e, dict) and set(e) == {"key", "value"} for e in properties
    ):
        raise Failure(400, answers.INVALID)


def _internal(entry: dict[str, Any]) -> bool:
    value = entry["value"]
    return entry["key"] == "sd.public.comment" and isinstance(value, dict) and value.get("internal") is True


def _value(key: str) -> Any:
    data = request.get_data()
    if len(key) > _LONGEST_KEY or len(data) > LONGEST + 1:
        raise Failure(400, "The property key or its value is too long.")
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Failure(400, "The property value must be valid, non-empty JSON.") from error
    if value is None:
        raise Failure(400, "The property value must be valid, non-empty JSON.")
    return value


def _named(sent: dict[str, Any], most: int) -> list[str]:
    names = asked.words(sent["issueIdsOrKeys"])
    if not names or len(names) > most:
        raise Failure(400, f"The number of issue ids or keys must lie between 1 and {most}.")
    return names
