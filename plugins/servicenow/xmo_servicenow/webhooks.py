"""Webhooks: proven by their signature, they name the record to fetch.

ServiceNow has none of its own: a business rule sends `{"table": "incident", "sys_id": …}`, signed as we say. The header
`X-XMO-Signature` is `t=SECONDS,v1=MAC`: when it was signed, in seconds since 1970, and the HMAC-SHA256 of
`SECONDS.BODY` in base64, which is how the platform's `generateMac` writes it. docs/admin.md holds the script.
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
from xmo_servicenow.keyset import is_id

WINDOW = timedelta(minutes=5)  # both ways: the rule signs when it sends, and sends once
_SIGNATURE = re.compile(r"t=([0-9]{1,11}),v1=([A-Za-z0-9+/]{43}=)")


def _sys_id(value: str) -> None:
    if not is_id(value):
        raise ValidationError("Not a sys_id.")


class _Body(Schema):
    class Meta:
        unknown = EXCLUDE

    table = fields.String()
    sys_id = fields.String(required=True, validate=_sys_id)


def hear(call: Call, secret: str, now: datetime) -> Heard:
    """Return the sys_id that a webhook names; `secret` "" proves nothing, so everything is refused."""
    if not secret:
        raise Refused("There is no webhook_secret, so no webhook is believed.", reason="unset")
    seconds, given = _parts(call.headers.get("x-xmo-signature", ""))
    signed = hmac.new(secret.encode(), f"{seconds}.".encode() + call.body, hashlib.sha256).digest()
    if not hmac.compare_digest(base64.b64encode(signed), given.encode()):
        raise Refused("The signature is not that of the business rule.", reason="forged")
    at = datetime.fromtimestamp(int(seconds), UTC)
    if abs(now - at) > WINDOW:
        raise Refused(f"It was signed at {at:%Y-%m-%d %H:%M:%S} UTC.", reason="expired")
    return Heard(keys=(_read(call.body)["sys_id"],), at=at)


def _parts(header: str) -> tuple[str, str]:
    """Return the time and the code of a header; two empty texts, which match nothing, where it is none of ours."""
    found = _SIGNATURE.fullmatch(header)
    return (found[1], found[2]) if found else ("", "")


def _read(raw: bytes) -> dict[str, Any]:
    try:
        body: dict[str, Any] = _Body().load(orjson.loads(raw))
    except orjson.JSONDecodeError:
        raise BadRecord("The body is not JSON.") from None
    except ValidationError as error:
        field = min(map(str, error.messages_dict))
        raise BadRecord(f"{field}: is not what the script sends", field=field) from None
    return body
