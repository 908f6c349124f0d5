"""How each vendor signs a webhook, written from its documentation and not from our code; and what it sends."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from xmo_hooks import Call

SECRET = "a-secret-that-only-the-vendor-knows"
_SYS_ID = "9d385017c611228701d22104cc95c371"


def _mac(secret: str, message: bytes) -> bytes:
    return hmac.new(secret.encode(), message, hashlib.sha256).digest()


def of_jira(body: bytes, at: datetime, secret: str = SECRET) -> dict[str, str]:
    """WebSub: `method=signature`, over the body alone; the time stands in the body."""
    return {"X-Hub-Signature": f"sha256={_mac(secret, body).hex()}"}


def of_zendesk(body: bytes, at: datetime, secret: str = SECRET) -> dict[str, str]:
    """base64(HMACSHA256(TIMESTAMP + BODY))."""
    stamp = f"{at:%Y-%m-%dT%H:%M:%SZ}"
    signature = base64.b64encode(_mac(secret, stamp.encode() + body)).decode()
    return {"X-Zendesk-Webhook-Signature": signature, "X-Zendesk-Webhook-Signature-Timestamp": stamp}


def of_servicenow(body: bytes, at: datetime, secret: str = SECRET) -> dict[str, str]:
    """What the business rule of docs/admin.md does: `generateMac` writes base64."""
    seconds = str(int(at.timestamp()))
    signature = base64.b64encode(_mac(secret, f"{seconds}.".encode() + body)).decode()
    return {"X-XMO-Signature": f"t={seconds},v1={signature}"}


def jira_body(key: str, at: datetime, event: str = "jira:issue_updated") -> bytes:
    fields = {"summary": "The VPN drops", "status": {"name": "Done"}}
    issue = {"id": key, "key": f"SUP-{key}", "fields": fields}
    return _json({"timestamp": int(at.timestamp() * 1000), "webhookEvent": event, "issue": issue})


def zendesk_body(key: str, at: datetime, event: str = "ticket.status_changed") -> bytes:
    detail = {"id": key, "status": "SOLVED", "subject": "The VPN drops"}
    about = {"account_id": 123, "subject": f"zen:ticket:{key}", "time": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
    return _json({"type": f"zen:event-type:{event}", "detail": detail, "event": {"current": "SOLVED"}, **about})


def servicenow_body(key: str, _at: datetime) -> bytes:
    return _json({"table": "incident", "sys_id": key})


def _json(body: Any) -> bytes:
    return json.dumps(body).encode()


@dataclass(frozen=True)
class Signer:
    """One vendor: what it sends about a ticket, how it signs, a key as it has them, and how late it may come."""

    name: str
    body: Callable[[str, datetime], bytes]
    sign: Callable[..., dict[str, str]]
    key: str
    window: timedelta

    def headers(self, key: str, at: datetime, secret: str = SECRET) -> tuple[dict[str, str], bytes]:
        body = self.body(key, at)
        return self.sign(body, at, secret), body

    def call(self, at: datetime, secret: str = SECRET) -> Call:
        return call(*self.headers(self.key, at, secret))


SIGNERS = {
    "jira": Signer("jira", jira_body, of_jira, "10040", timedelta(hours=2)),
    "zendesk": Signer("zendesk", zendesk_body, of_zendesk, "50", timedelta(minutes=5)),
    "servicenow": Signer("servicenow", servicenow_body, of_servicenow, _SYS_ID, timedelta(minutes=5)),
}


def call(headers: Mapping[str, str], body: bytes) -> Call:
    """Hand a request over as the core does: header names in small letters."""
    return Call(headers={name.lower(): value for name, value in headers.items()}, body=body)
