"""What a site tells about itself: who asks, its fields, statuses, priorities and projects, and the rights in it."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from xmo_jira.sandbox import answers, asked
from xmo_jira.sandbox.answers import Failure
from xmo_jira.sandbox.clock import stamp
from xmo_jira.sandbox.instance import Instance
from xmo_jira.sandbox.shape import Shape
from xmo_jira.sandbox.site import FIELDS, PRIORITIES, PROJECTS, STATUSES

_RIGHTS = ("ADD_COMMENTS", "BROWSE_PROJECTS", "EDIT_ISSUES", "SERVICEDESK_AGENT")


class Meta:
    """The endpoints: each method answers one request."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def server_info(self, version: int) -> Response:  # noqa: ARG002 - the same in both
        """Answer `GET /serverInfo`: also to nobody."""
        cloud = self._instance.cloud
        told = {
            "baseUrl": self._root().rstrip("/"),
            "version": "1001.0.0-SNAPSHOT" if cloud else "9.12.0",
            "versionNumbers": [1001, 0, 0] if cloud else [9, 12, 0],
            "deploymentType": "Cloud" if cloud else "Server",
            "buildNumber": 100300 if cloud else 912000,
            "serverTime": stamp(self._instance.clock.millis(), self._instance.zone),
            "serverTitle": "Support",
        }
        return answers.json(told)

    def myself(self, version: int) -> Response:  # noqa: ARG002 - the same in both
        """Answer `GET /myself`: our own user and its time zone."""
        return answers.json(self._instance.people.ourselves(self._root()))

    def fields(self, version: int) -> Response:  # noqa: ARG002 - the same in both
        """Answer `GET /field`."""
        return answers.json([field.told() for field in FIELDS.values()])

    def statuses(self, version: int) -> Response:
        """Answer `GET /status`."""
        shape = self._shape(version)
        return answers.json([shape.status(status) for status in STATUSES.values()])

    def priorities(self, version: int) -> Response:
        """Answer `GET /priority`."""
        shape = self._shape(version)
        return answers.json([shape.priority(word) for word in PRIORITIES])

    def projects(self, version: int) -> Response:
        """Answer `GET /project`."""
        shape = self._shape(version)
        return answers.json([shape.project(project) for project in PROJECTS.values()])

    def project(self, version: int, name: str) -> Response:
        """Answer `GET /project/NAME`, by key or id."""
        found = next((p for p in PROJECTS.values() if name.upper() in {p.key, p.id}), None)
        if found is None:
            raise Failure(404, f"No project could be found with key '{name}'.")
        return answers.json(self._shape(version).project(found))

    def project_search(self, version: int) -> Response:
        """Answer `GET /project/search` of the Cloud."""
        wanted = set(asked.listed("keys"))
        start = asked.number(request.args.get("startAt"), "startAt", 0)
        most = asked.number(request.args.get("maxResults"), "maxResults", 50) or 50
        shape = self._shape(version)
        found = [shape.project(p) for p in PROJECTS.values() if not wanted or p.key in wanted]
        is_last = start + most >= len(found)
        told = {"self": request.url, "startAt": start, "maxResults": most, "total": len(found), "isLast": is_last}
        return answers.json({**told, "values": found[start : start + most]})

    def rights(self, version: int) -> Response:  # noqa: ARG002 - the same in both
        """Answer `GET /mypermissions`; the Cloud wants to be told which."""
        wanted = asked.listed("permissions")
        unknown = set(wanted) - set(_RIGHTS)
        if unknown or (self._instance.cloud and not wanted):
            raise Failure(400, f"Unrecognized permissions: {', '.join(sorted(unknown))}")
        told: dict[str, Any] = {
            key: {"id": str(n), "key": key, "name": key.capitalize(), "type": "PROJECT", "havePermission": True}
            for n, key in enumerate(_RIGHTS, 10)
            if not wanted or key in wanted
        }
        return answers.json({"permissions": told})

    def _root(self) -> str:
        return asked.root(cloud=self._instance.cloud)

    def _shape(self, version: int) -> Shape:
        return Shape(self._instance, self._root(), version, self._instance.clock.millis())
