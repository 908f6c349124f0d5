"""The Service Management API: requests, their comments, their service levels and the ratings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, request

from xmo_jira.sandbox import answers, asked, sla
from xmo_jira.sandbox.answers import Failure
from xmo_jira.sandbox.instance import Instance, ours
from xmo_jira.sandbox.issues import LONGEST
from xmo_jira.sandbox.life import Comment, Issue
from xmo_jira.sandbox.shape import Shape
from xmo_jira.sandbox.site import PROJECTS, SERVICE_DESK

NO_REQUEST = "The customer request does not exist or you do not have permission to view it."
EXPERIMENTAL = "This API is experimental. Send the header X-ExperimentalApi: opt-in to use it."
NOT_REPORTER = "Only the reporter of a request can leave feedback."
_MOST = 50


class Desk:
    """The endpoints: each method answers one request."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def request(self, name: str) -> Response:
        """Answer `GET /request/NAME`."""
        with self._instance.lock:
            issue, shape = self._found(name), self._shape()
            now, type_ = self._instance.stand(issue), shape.request_type(issue)
            told = {
                "_expands": ["participant", "status", "sla", "requestType", "serviceDesk", "comment", "action"],
                "issueId": str(issue.id),
                "issueKey": issue.key,
                "requestTypeId": type_["id"],
                "serviceDeskId": SERVICE_DESK,
                "createdDate": sla.date(now.created, self._instance.zone),
                "reporter": self._instance.people.desk(self._instance.people.reporter(shape.root, issue)),
                "requestFieldValues": [{"fieldId": "summary", "label": "Summary", "value": issue.work.title}],
                "currentStatus": shape.current_status(now),
                "_links": shape.links(issue),
            }
            if "requestType" in asked.listed("expand"):
                told["requestType"] = type_
        return answers.json(told)

    def comments(self, name: str) -> Response:
        """Answer `GET /request/NAME/comment`: of what is no request, or not for us, simply nothing."""
        public, internal = asked.flag("public", default=True), asked.flag("internal", default=True)
        with self._instance.lock:
            self._instance.catch_up()
            issue = self._instance.issue(name)
            if issue is None or not issue.project.is_desk:
                return answers.json(_paged([]))
            found = [c for c in self._instance.stand(issue).comments if (public if c.public else internal)]
            return answers.json(_paged([self._comment(issue, comment) for comment in found]))

    def write_comment(self, name: str) -> Response:
        """Answer `POST /request/NAME/comment`: text, and whether customers see it."""
        sent = asked.body(("body", "public"))
        text, public = sent.get("body"), sent.get("public")
        if not isinstance(text, str) or not text.strip() or not isinstance(public, bool):
            raise Failure(400, "Specify the body of the comment and whether it is public.")
        if len(text) > LONGEST:
            raise Failure(400, f"The entered text is too long. It exceeds the allowed limit of {LONGEST:,} characters.")
        with self._instance.lock:
            issue = self._found(name)
            written = self._instance.comment(issue, ours(text, public=public))
            return answers.json(self._comment(issue, written), 201)

    def levels(self, name: str) -> Response:
        """Answer `GET /request/NAME/sla`."""
        with self._instance.lock:
            issue, shape = self._found(name), self._shape()
            zone = self._instance.zone
            values = [sla.value(issue, metric, shape.until, zone, shape.root) for metric in sla.METRICS]
        return answers.json(_paged(values))

    def feedback(self, name: str) -> Response:
        """Answer GET, POST and DELETE of `/request/NAME/feedback`; only who reported it may write."""
        if self._instance.faults.hits("no_feedback", self._instance.faults.request()):
            return answers.no_route()
        if request.headers.get("X-ExperimentalApi") != "opt-in":
            raise Failure(412, EXPERIMENTAL)
        with self._instance.lock:
            stars = self._instance.stand(self._found(name)).stars
        if request.method != "GET":
            raise Failure(403, NOT_REPORTER)
        if stars is None:
            raise Failure(404, "The request has no feedback.")
        told: dict[str, Any] = {"type": "csat", "rating": stars.rating}
        return answers.json({**told, "comment": {"body": stars.text}} if stars.text else told)

    def info(self) -> Response:
        """Answer `GET /info`."""
        told = {"version": "5.12.0", "platformVersion": "9.12.0", "isLicensedForUse": True}
        return answers.json({**told, "_links": {"self": f"{self._shape().root}rest/servicedeskapi/info"}})

    def desks(self) -> Response:
        """Answer `GET /servicedesk`."""
        project, root = PROJECTS["SUP"], self._shape().root
        told = {"id": SERVICE_DESK, "projectId": project.id, "projectName": project.name, "projectKey": project.key}
        return answers.json(_paged([{**told, "_links": {"self": f"{root}rest/servicedeskapi/servicedesk/1"}}]))

    def _comment(self, issue: Issue, comment: Comment) -> dict[str, Any]:
        shape = self._shape()
        author = self._instance.people.actor(shape.root, comment.who, issue)
        link = f"{shape.root}rest/servicedeskapi/request/{issue.id}/comment/{comment.id}"
        return {
            "id": str(comment.id),
            "body": comment.text,
            "public": comment.public,
            "author": self._instance.people.desk(author),
            "created": sla.date(comment.at, self._instance.zone),
            "_links": {"self": link},
        }

    def _found(self, name: str) -> Issue:
        self._instance.catch_up()
        issue = self._instance.issue(name)
        if issue is None or not issue.project.is_desk:
            raise Failure(404, NO_REQUEST)
        return issue

    def _shape(self) -> Shape:
        return Shape(self._instance, asked.root(cloud=self._instance.cloud), 2, self._instance.clock.millis())


def _paged(values: Sequence[Any]) -> dict[str, Any]:
    start = asked.number(request.args.get("start"), "start", 0)
    limit = min(asked.number(request.args.get("limit"), "limit", _MOST) or _MOST, _MOST)
    page = values[start : start + limit]
    links: dict[str, str] = {"self": request.url, "base": request.root_url.rstrip("/"), "context": ""}
    is_last = start + limit >= len(values)
    if not is_last:
        links["next"] = f"{request.base_url}?start={start + limit}&limit={limit}"
    told = {"size": len(page), "start": start, "limit": limit, "isLastPage": is_last, "values": page}
    return {"_expands": [], **told, "_links": links}
