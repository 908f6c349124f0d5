"""Webhooks: proven by their signature, they name the ticket to fetch. Nothing else of a body is used.

`X-Zendesk-Webhook-Signature` is the HMAC-SHA256 of the timestamp, as its header has it, and the body, in base64.
The vendor: developer.zendesk.com/documentation/webhooks/verifying.

A webhook that subscribes to events sends `{"type": "zen:event-type:ticket.status_changed", "detail": {"id": "50", …}}`.
One that a trigger or an automation calls sends what the admin wrote: `{"ticket_id": "{{ticket.id}}"}`.
"""

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from marshmallow import EXCLUDE, Schema, ValidationError, fields

from xmo_hooks import BadRecord, Call, Heard, Refused

# Both ways. Deliveries are repeated within a minute or so; the vendor names no window.
WINDOW = timedelta(minutes=5)
_TICKETS = "zen:event-type:ticket."
_STAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}(Z|[+-][0-9]{2}:?[0-9]{2})")


class _Id(fields.Field[str]):
    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if type(value) not in (int, str) or not re.fullmatch(r"[0-9]{1,20}", str(value)):
            raise ValidationError("Not the id of a ticket.")
        return str(value)


class _Detail(Schema):
    class Meta:
        unknown = EXCLUDE

    id = _Id(required=True)


class _Body(Schema):
    class Meta:
        unknown = EXCLUDE

    type = fields.String()
    detail = fields.Nested(_Detail)
    ticket_id = _Id()


def hear(call: Call, secret: str, now: datetime) -> Heard:
    """Return the id of the ticket that a webhook is about; `secret` "" proves nothing, so everything is refused."""
    if not secret:
        raise Refused("There is no webhook_secret, so no webhook is believed.", reason="unset")
    stamp = call.headers.get("x-zendesk-webhook-signature-timestamp", "")
    signed = hmac.new(secret.encode(), stamp.encode(errors="replace") + call.body, hashlib.sha256).digest()
    given = call.headers.get("x-zendesk-webhook-signature", "")
    if not hmac.compare_digest(base64.b64encode(signed), given.encode(errors="replace")):
        raise Refused("The signature is not Zendesk's.", reason="forged")
    at = _moment(stamp)
    if at is None or abs(now - at) > WINDOW:
        raise Refused(f"It was signed at {stamp!r}.", reason="expired")
    return _heard(_read(call.body), at.astimezone(UTC))


def _heard(body: dict[str, Any], at: datetime) -> Heard:
    if "type" not in body:
        if "ticket_id" not in body:
            raise BadRecord("ticket_id: is missing", field="ticket_id")
        return Heard(keys=(body["ticket_id"],), at=at)
    if not body["type"].startswith(_TICKETS):
        return Heard(keys=(), at=at, reason=f"{body['type'][:60]} is about no ticket.")
    if "detail" not in body:
        raise BadRecord("detail: is missing", field="detail")
    return Heard(keys=(body["detail"]["id"],), at=at)


def _moment(stamp: str) -> datetime | None:
    try:
        return datetime.fromisoformat(stamp) if _STAMP.fullmatch(stamp) else None
    except ValueError:
        return None


def _read(raw: bytes) -> dict[str, Any]:
    try:
        body: dict[str, Any] = _Body().load(orjson.loads(raw))
    except orjson.JSONDecodeError:
        raise BadRecord("The body is not JSON.") from None
    except ValidationError as error:
        field = min(map(str, error.messages_dict))
        raise BadRecord(f"{field}: is not what the documentation says", field=field) from None
    return body
