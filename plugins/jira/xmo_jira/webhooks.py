"""Webhooks: proven by their signature, they name the issue to fetch. Nothing else of a body is used.

`X-Hub-Signature` is `sha256=` and the HMAC of the body, in hex (WebSub; Cloud's admin webhooks, Data Center from 10).
The vendor: developer.atlassian.com/cloud/jira/platform/webhooks.
"""

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any

import orjson
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from xmo_hooks import BadRecord, Call, Heard, Refused
from xmo_jira.values import at_milliseconds

# A body keeps the time of its event when it is sent again: up to five times, each 5 to 15 minutes after the last one,
# and what is the fallout of a mass change comes up to 15 minutes late by itself.
WINDOW = timedelta(hours=2)
SKEW = timedelta(minutes=5)  # how far the vendor's clock may be ahead of ours
_LATEST = 253_402_300_799_999  # the end of the year 9999
# The words that events begin with after which a ticket may look different; all others are about no ticket, or about
# what XMO does not read.
_HEARD = ("jira:issue_", "comment_")


class _Issue(Schema):
    class Meta:
        unknown = EXCLUDE

    id = fields.String(required=True, validate=validate.Regexp(r"[0-9]{1,20}\Z"))


class _Body(Schema):
    class Meta:
        unknown = EXCLUDE

    timestamp = fields.Integer(required=True, strict=True, validate=validate.Range(0, _LATEST))
    event = fields.String(required=True, data_key="webhookEvent")
    issue = fields.Nested(_Issue)


def hear(call: Call, secret: str, now: datetime) -> Heard:
    """Return the id of the issue that a webhook is about; `secret` "" proves nothing, so everything is refused."""
    if not secret:
        raise Refused("There is no webhook_secret, so no webhook is believed.", reason="unset")
    signature = hmac.new(secret.encode(), call.body, hashlib.sha256).hexdigest()
    given = call.headers.get("x-hub-signature", "")
    if not hmac.compare_digest(f"sha256={signature}".encode(), given.encode(errors="replace")):
        raise Refused("The signature is not Jira's.", reason="forged")
    body = _read(call.body)
    at = at_milliseconds(body["timestamp"])
    if not now - WINDOW <= at <= now + SKEW:
        raise Refused(f"It tells of {at:%Y-%m-%d %H:%M:%S} UTC.", reason="expired")
    if not body["event"].startswith(_HEARD):
        return Heard(keys=(), at=at, reason=f"{body['event'][:40]} changes no ticket that XMO reads.")
    if "issue" not in body:
        raise BadRecord("issue: is missing", field="issue")
    return Heard(keys=(body["issue"]["id"],), at=at)


def _read(raw: bytes) -> dict[str, Any]:
    try:
        body: dict[str, Any] = _Body().load(orjson.loads(raw))
    except orjson.JSONDecodeError:
        raise BadRecord("The body is not JSON.") from None
    except ValidationError as error:
        field = min(map(str, error.messages_dict))
        raise BadRecord(f"{field}: is not what Jira documents", field=field) from None
    return body
