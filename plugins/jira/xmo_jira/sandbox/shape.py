"""How issues look from outside: their fields, their changelog and their comments, for one request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from xmo_jira.sandbox import adf, sla
from xmo_jira.sandbox.clock import stamp
from xmo_jira.sandbox.instance import Instance
from xmo_jira.sandbox.life import Comment, History, Issue, Item, Standing
from xmo_jira.sandbox.people import name
from xmo_jira.sandbox.site import (
    CATEGORIES,
    DUE_AT,
    FIELDS,
    FIRST_RESPONSE,
    LANGUAGE,
    ORGANISATIONS,
    PARTICIPANTS,
    PRIORITIES,
    REQUEST_TYPE,
    RESOLUTION,
    RESOLUTIONS,
    SERVICE_DESK,
    STARS,
    STARS_AT,
    STATUSES,
    TEAM,
    TYPES,
    Project,
    Status,
)

EMBEDDED = 20  # comments within an issue that the Cloud's search found: the newest
_LANGUAGES = {"de": "Deutsch", "en": "English", "fr": "Français", "es": "Español"}
_BROKEN = (
    *({"created": "31/31/2016"}, {"updated": None}, {"status": None}),
    {"created": "20261-03-03T08:00:00.000+0000"},
)
_Show = Callable[["Shape", Issue, Standing], Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """How one request is answered: links from `root`, bodies as documents (version 3) or as text, stamps as of
    `until` in the zone of our own user."""

    instance: Instance
    root: str
    version: int
    until: int

    def issue(
        self, issue: Issue, names: Sequence[str], *, newest: int | None = None
    ) -> tuple[dict[str, Any], Standing]:
        """Return an issue with these fields, and how it stands; `newest`: how many comments it may carry."""
        now = self.instance.stand(issue, self.until)
        fields = {field: self._field(field, issue, now, newest) for field in names}
        if self.instance.faults.marks("unparsable", issue.id):
            fields |= {key: value for key, value in _BROKEN[issue.id % len(_BROKEN)].items() if key in fields}
        return {**self.envelope(issue), "fields": fields}, now

    def envelope(self, issue: Issue) -> dict[str, Any]:
        """Return what every issue has around its fields."""
        return {
            "expand": "operations,versionedRepresentations,editmeta,changelog,renderedFields,names,schema",
            "id": str(issue.id),
            "self": f"{self.root}rest/api/{self.version}/issue/{issue.id}",
            "key": issue.key,
        }

    def histories(self, issue: Issue, histories: Iterable[History], *, epoch: bool = False) -> list[dict[str, Any]]:
        """Return entries of the changelog."""
        return [
            {
                "id": str(history.id),
                "author": self.instance.people.actor(self.root, history.who, issue),
                "created": history.at if epoch else self.stamp(history.at),
                "items": [self._item(issue, item) for item in history.items],
            }
            for history in histories
        ]

    def changelog(self, issue: Issue, now: Standing, newest: int) -> dict[str, Any]:
        """Return the changelog within an issue: the Cloud sends the `newest` alone, the newest of them first; a server
        sends all, the oldest first."""
        shown = now.histories[: -newest - 1 : -1] if self.instance.cloud else now.histories
        page = {"startAt": 0, "maxResults": len(shown), "total": len(now.histories)}
        return {**page, "histories": self.histories(issue, shown)}

    def comment(self, issue: Issue, comment: Comment, *, properties: bool) -> dict[str, Any]:
        """Return a comment; whether customers see it is a field on the Cloud, and a property everywhere."""
        author = self.instance.people.actor(self.root, comment.who, issue)
        told = {
            "self": f"{self.root}rest/api/{self.version}/issue/{issue.id}/comment/{comment.id}",
            "id": str(comment.id),
            "author": author,
            "body": self.body(comment),
            "updateAuthor": author,
            "created": self.stamp(comment.at),
            "updated": self.stamp(comment.at),
        }
        if self.instance.cloud:
            told["jsdPublic"] = comment.public
        if properties:
            internal = {"key": "sd.public.comment", "value": {"internal": not comment.public}}
            others = [entry for entry in comment.properties if entry.get("key") != internal["key"]]
            told["properties"] = [internal, *others] if issue.project.is_desk else others
        return told

    def body(self, comment: Comment) -> Any:
        """Return the body of a comment: a document in version 3 of the API, else text."""
        if self.version == 2:
            return comment.text
        return comment.document or adf.document(comment.text)

    def stamp(self, at: int | None) -> str | None:
        """Return a time as the vendor writes it."""
        return None if at is None else stamp(at, self.instance.zone)

    def status(self, status: Status) -> dict[str, Any]:
        """Return a status with its category."""
        base = f"{self.root}rest/api/{self.version}"
        number, colour, label = CATEGORIES[status.category]
        category = {"self": f"{base}/statuscategory/{number}", "id": number, "key": status.category}
        return {
            "self": f"{base}/status/{status.id}",
            "description": "",
            "iconUrl": f"{self.root}images/icons/statuses/generic.png",
            "name": status.name,
            "id": status.id,
            "statusCategory": {**category, "colorName": colour, "name": label},
        }

    def project(self, project: Project) -> dict[str, Any]:
        """Return a project."""
        told = {"self": f"{self.root}rest/api/{self.version}/project/{project.id}", "id": project.id}
        kind = "service_desk" if project.is_desk else "software"
        told |= {"key": project.key, "name": project.name, "projectTypeKey": kind}
        return {**told, "simplified": False} if self.instance.cloud else told

    def priority(self, word: str) -> dict[str, Any]:
        """Return a priority by the word that the work file has for it; a word of its own is a name of its own."""
        id_, label = PRIORITIES.get(word, (_id(word), word))
        icon = f"{self.root}images/icons/priorities/{label.lower()}.svg"
        base = f"{self.root}rest/api/{self.version}"
        return {"self": f"{base}/priority/{id_}", "iconUrl": icon, "name": label, "id": id_}

    def _field(self, field: str, issue: Issue, now: Standing, newest: int | None) -> Any:
        if field == "comment":
            return self._comments(issue, now, newest)
        return _SHOWS[field](self, issue, now)

    def _comments(self, issue: Issue, now: Standing, newest: int | None) -> dict[str, Any]:
        total = len(now.comments)
        first = max(0, total - newest) if newest else 0
        shown = [self.comment(issue, comment, properties=False) for comment in now.comments[first:]]
        link = f"{self.root}rest/api/{self.version}/issue/{issue.id}/comment"
        return {"comments": shown, "self": link, "maxResults": newest or total, "total": total, "startAt": first}

    def _item(self, issue: Issue, item: Item) -> dict[str, Any]:
        field = FIELDS[item.field]
        told: dict[str, Any] = {
            "field": field.name if field.custom else field.id,
            "fieldtype": "custom" if field.custom else "jira",
        }
        if self.instance.cloud:
            told["fieldId"] = field.id
        told["from"], told["fromString"] = self._side(issue, item.field, item.before)
        told["to"], told["toString"] = self._side(issue, item.field, item.after)
        if self.instance.cloud:  # its description knows no null here: what is empty is left out
            return {key: value for key, value in told.items() if value is not None}
        return told

    def _side(self, issue: Issue, field: str, value: str | int | None) -> tuple[str | None, str | None]:
        """Return a value of the changelog and what people see of it."""
        if value is None:
            return None, None
        if isinstance(value, int):
            day = stamp(value)[:10]
            return (day, f"{day} 00:00:00.0") if field == "duedate" else (stamp(value), stamp(value))
        if field == "assignee":
            return self.instance.people.key(value, issue), name(value, issue)
        return _VALUES.get(field, _as_text)(value)

    def _user(self, who: str | None, issue: Issue) -> dict[str, Any] | None:
        return self.instance.people.actor(self.root, who, issue) if who else None

    def _reporter(self, issue: Issue) -> dict[str, Any]:
        found = self.instance.people.reporter(self.root, issue)
        return found if "emailAddress" in found else {**found, "emailAddress": None}

    def _type(self, issue: Issue) -> dict[str, Any]:
        found = TYPES[issue.work.kind]
        label = found.cloud_name if self.instance.cloud else found.server_name
        link = f"{self.root}rest/api/{self.version}/issuetype/{found.id}"
        return {"self": link, "id": found.id, "description": "", "iconUrl": "", "name": label, "subtask": False}

    def _resolution(self, label: str | None) -> dict[str, Any] | None:
        if label is None:
            return None
        link = f"{self.root}rest/api/{self.version}/resolution/{RESOLUTIONS[label]}"
        return {"self": link, "id": RESOLUTIONS[label], "description": "", "name": label}

    def request_type(self, issue: Issue) -> dict[str, Any]:
        """Return the request type of an issue of the service desk."""
        id_ = _id(issue.work.category)
        link = f"{self.root}rest/servicedeskapi/servicedesk/{SERVICE_DESK}/requesttype/{id_}"
        told = {"_links": {"self": link}, "id": id_, "name": issue.work.category, "description": "", "helpText": ""}
        return {**told, "issueTypeId": TYPES[issue.work.kind].id, "serviceDeskId": SERVICE_DESK, "groupIds": []}

    def current_status(self, now: Standing) -> dict[str, Any]:
        """Return the status as the Service Management API writes it."""
        date = sla.date(now.status_at, self.instance.zone)
        return {"status": now.status.name, "statusCategory": now.status.category.upper(), "statusDate": date}

    def links(self, issue: Issue) -> dict[str, str]:
        """Return the links of a request."""
        web = f"{self.root}servicedesk/customer/portal/{SERVICE_DESK}/{issue.key}"
        rest = f"{self.root}rest/api/2/issue/{issue.id}"
        own = f"{self.root}rest/servicedeskapi/request/{issue.id}"
        return {"jiraRest": rest, "web": web, "agent": f"{self.root}browse/{issue.key}", "self": own}

    def _request(self, issue: Issue, now: Standing) -> dict[str, Any]:
        return {
            "_links": self.links(issue),
            "requestType": self.request_type(issue),
            "currentStatus": self.current_status(now),
        }

    def _metric(self, issue: Issue, metric: str) -> dict[str, Any]:
        return sla.value(issue, metric, self.until, self.instance.zone, self.root)


def properties(issue: Issue, wanted: Iterable[str]) -> dict[str, Any]:
    """Return those properties of an issue that are asked for and there."""
    return {key: issue.properties[key] for key in wanted if key in issue.properties}


def _id(word: str) -> str:
    return str(crc32(word.encode()))


def _organisations(shape: Shape, issue: Issue, _: Standing) -> list[dict[str, Any]]:
    word = issue.work.requester.organisation
    link = f"{shape.root}rest/servicedeskapi/organization/{_id(word)}"
    return [{"id": _id(word), "name": word, "_links": {"self": link}}] if word else []


def _language(issue: Issue) -> dict[str, str] | None:
    code = issue.work.requester.language
    return {"languageCode": code, "displayName": _LANGUAGES.get(code, code)} if code else None


def _option(shape: Shape, word: str | None) -> dict[str, str] | None:
    link = f"{shape.root}rest/api/{shape.version}/customFieldOption/"
    return {"self": link + _id(word), "value": word, "id": _id(word)} if word else None


def _component(shape: Shape, word: str) -> dict[str, str]:
    return {"self": f"{shape.root}rest/api/{shape.version}/component/{_id(word)}", "id": _id(word), "name": word}


def _of_desk(show: _Show) -> _Show:
    return lambda shape, issue, now: show(shape, issue, now) if issue.project.is_desk else None


def _as_text(value: str) -> tuple[str | None, str | None]:
    return None, value


_VALUES: Mapping[str, Callable[[str], tuple[str | None, str | None]]] = {
    "status": lambda value: (value, STATUSES[value].name),
    "resolution": lambda value: (RESOLUTIONS[value], value),
    TEAM: lambda value: (_id(value), value),
}
_SHOWS: Mapping[str, _Show] = {
    "summary": lambda _, issue, __: issue.work.title,
    "description": lambda shape, issue, _: issue.work.title if shape.version == 2 else adf.document(issue.work.title),
    "issuetype": lambda shape, issue, _: shape._type(issue),
    "project": lambda shape, issue, _: shape.project(issue.project),
    "status": lambda shape, _, now: shape.status(now.status),
    "statusCategory": lambda shape, _, now: shape.status(now.status)["statusCategory"],
    "priority": lambda shape, issue, _: shape.priority(issue.work.priority),
    "resolution": lambda shape, _, now: shape._resolution(now.resolution),
    "reporter": lambda shape, issue, _: shape._reporter(issue),
    "creator": lambda shape, issue, _: shape._reporter(issue),
    "assignee": lambda shape, issue, now: shape._user(now.assignee, issue),
    "created": lambda shape, _, now: shape.stamp(now.created),
    "updated": lambda shape, _, now: shape.stamp(now.updated),
    "resolutiondate": lambda shape, _, now: shape.stamp(now.resolved_at),
    "statuscategorychangedate": lambda shape, _, now: shape.stamp(now.status_at),
    "duedate": lambda _, __, now: None if now.due is None else stamp(now.due)[:10],
    "components": lambda shape, issue, _: [_component(shape, issue.work.service)],
    "labels": lambda _, __, now: now.labels,
    REQUEST_TYPE: _of_desk(lambda shape, issue, now: shape._request(issue, now)),
    ORGANISATIONS: _of_desk(_organisations),
    PARTICIPANTS: _of_desk(lambda _, __, ___: []),
    LANGUAGE: _of_desk(lambda _, issue, __: _language(issue)),
    FIRST_RESPONSE: _of_desk(lambda shape, issue, _: shape._metric(issue, FIRST_RESPONSE)),
    RESOLUTION: _of_desk(lambda shape, issue, _: shape._metric(issue, RESOLUTION)),
    STARS: _of_desk(lambda _, __, now: {"rating": now.stars.rating} if now.stars else None),
    STARS_AT: _of_desk(lambda shape, _, now: shape.stamp(now.stars.at) if now.stars else None),
    TEAM: lambda shape, _, now: _option(shape, now.team),
    DUE_AT: lambda shape, _, now: shape.stamp(now.due),
}
EVERY = (*_SHOWS, "comment")
