"""What stands between plugin and sandbox: every request goes through the validating proxy, and what it says is kept."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from werkzeug import Request, Response

_HOPS = frozenset({"connection", "keep-alive", "transfer-encoding", "content-encoding", "content-length", "host"})


@dataclass(frozen=True)
class Gap:
    """What a description gets wrong or leaves out, and the reason. `route`: it knows no such path at all."""

    vendor: str
    reason: str
    method: str = ".*"
    path: str = ".*"
    says: str = ".*"
    route: bool = False

    def covers(self, method: str, path: str, says: str) -> bool:
        """Tell whether this is the gap that was fallen into."""
        pairs = ((self.method, method), (self.path, path), (self.says, says))
        return all(re.fullmatch(pattern, text, re.DOTALL) for pattern, text in pairs)


def gaps(vendor: str) -> list[Gap]:
    """Return the written list of a vendor's gaps."""
    listed = tomllib.loads(Path(__file__).with_name("gaps.toml").read_text(encoding="utf-8"))["gap"]
    return [gap for gap in (Gap(**entry) for entry in listed) if gap.vendor == vendor]


@dataclass
class Watch:
    """A WSGI app that passes requests on to the proxy, or to the sandbox where the description knows no such route."""

    proxy: str
    sandbox: str
    gaps: Sequence[Gap]
    calls: Counter[str] = field(default_factory=Counter)
    used: Counter[Gap] = field(default_factory=Counter)
    violations: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Pass one request on and its answer back."""
        request = Request(environ)
        unknown = next((gap for gap in self.gaps if gap.route and gap.covers(request.method, request.path, "")), None)
        if unknown is not None:
            self.used[unknown] += 1
        answer = self._pass_on(request, self.sandbox if unknown else self.proxy)
        self.calls[request.method] += 1
        self._note(request, answer)
        kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in _HOPS]
        return Response(answer.content, answer.status_code, kept)(environ, start_response)

    def _pass_on(self, request: Request, to: str) -> requests.Response:
        headers = {name: value for name, value in request.headers if name.lower() not in _HOPS}
        query = request.query_string.decode()
        url = f"{to}{request.path}{'?' if query else ''}{query}"
        body = request.get_data() or None
        return requests.request(request.method, url, headers=headers, data=body, timeout=60, allow_redirects=False)

    def _note(self, request: Request, answer: requests.Response) -> None:
        found = json.loads(answer.headers.pop("sl-violations", "[]"))
        if answer.headers.get("Content-Type", "").startswith("application/problem+json"):
            found.append({"location": ["route"], "message": answer.json().get("title", "")})
        path = re.sub(r"(?<=/)(\d+|[0-9a-f]{32}|[A-Z]+-\d+)(?=/|$)", "{id}", request.path)
        for one in found:
            says = f"{'.'.join(map(str, one['location']))}: {one['message']}"
            gap = next((gap for gap in self.gaps if not gap.route and gap.covers(request.method, path, says)), None)
            if gap is not None:
                self.used[gap] += 1
            else:
                self.violations[request.method, path, re.sub(r"\.\d+(?=[.:])", ".N", says)] += 1
