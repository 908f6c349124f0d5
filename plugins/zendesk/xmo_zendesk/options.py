"""The options of a Zendesk source, and the schema that checks them.

    [sources.desk]
    kind = "zendesk"
    url = "https://acme.zendesk.com"                # the subdomain form, not a host-mapped brand
    client_id = "xmo"                               # OAuth, client credentials; with refresh_token that grant
    client_secret = { env = "DESK_SECRET" }
    service = 360000001                             # a custom field, or "brand" or "form"
    category = "form"
    fields = { department = "user_fields.department", site = 360000002 }
    states = { "1500001" = "on_hold" }              # ids of custom statuses

Other ways in: `token` alone is an OAuth access token; `username` and `token` are an API token, which the vendor ends on
2027-04-30.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args
from urllib.parse import urlsplit

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from xmo_hooks import PersonKind, State

Place = int | str  # a custom field's id; or "brand", "form", "user_fields.KEY", "organization_fields.KEY"
NAMED = ("brand", "form")
MERGED = frozenset({"closed_by_merge"})  # what Zendesk is said to set; its documentation does not promise it
_STATES = get_args(State)
_WAYS: Mapping[frozenset[str], str] = {
    frozenset({"username", "token"}): "api token",
    frozenset({"token"}): "access token",
    frozenset({"client_id", "client_secret"}): "client credentials",
    frozenset({"client_id", "client_secret", "refresh_token"}): "refresh token",
}
_URL = re.compile(r"https?://(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+(@[A-Za-z0-9._-]+)?)(:\d{1,5})?([/?#]\S*)?")
_TOKEN = re.compile(r"[!-~]+")
_PERSONAL = re.compile(r"(user|organization)_fields\.[A-Za-z0-9_-]+")
_FIELD = validate.Regexp(r"[a-z][a-z0-9_]*\Z", error="Write a name in small letters, digits and _.")
_STATE = validate.OneOf(_STATES, error="Must be one of: {choices}.")


def reveal(secret: Any) -> str:
    """Return the text of a secret that the core wrapped, or of a plain string."""
    show = getattr(secret, "reveal", None)
    return str(show()) if show else str(secret)


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """The options of one source. The secrets may be plain strings or wrapped ones: see `reveal`."""

    url: str
    username: str = ""
    token: Any = field(default="", repr=False)
    client_id: str = ""
    client_secret: Any = field(default="", repr=False)
    refresh_token: Any = field(default="", repr=False)
    scope: str = "read write"
    page_size: int = 500
    service: Place | None = None
    category: Place | None = None
    fields: Mapping[str, Place] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, State] = field(default_factory=dict)
    machines: frozenset[str] = frozenset()
    merged_tags: frozenset[str] = MERGED
    sla: bool = True
    touchpoints: bool = False
    surveys: bool = True
    locale: str = "en-us"
    requester_kind: PersonKind = "customer"
    webhook_secret: Any = field(default="", repr=False)

    @property
    def way(self) -> str:
        """The way of logging in: "api token", "access token", "client credentials" or "refresh token"."""
        given = {name for name in ("username", "token", "client_id", "client_secret") if getattr(self, name)}
        return _WAYS[frozenset(given | ({"refresh_token"} if self.refresh_token else set()))]

    @property
    def places(self) -> tuple[Place, ...]:
        """Every place that the config reads beyond the standard fields, each once."""
        wanted = [one for one in (self.service, self.category, *self.fields.values()) if one is not None]
        return tuple(dict.fromkeys(wanted))


class SecretField(fields.Field[Any]):
    """A secret: a string, or a value with `reveal`. It is never repeated in a message."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if not isinstance(value, str) and not hasattr(value, "reveal"):
            raise ValidationError('Not a secret: write { env = "NAME" } or { file = "path" }.')
        if not _TOKEN.fullmatch(reveal(value)):
            raise ValidationError("Is empty, or holds a space or a character that cannot stand in a header.")
        return value


class PlaceField(fields.Field[Place]):
    """Where a value stands: the id of a custom field, "brand", "form", or a field of the user or the organization."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Place:
        if type(value) is int and value > 0:
            return value
        if isinstance(value, str) and (value in NAMED or _PERSONAL.fullmatch(value)):
            return value
        raise ValidationError(
            'Write the id of a custom field, "brand", "form", "user_fields.NAME" or "organization_fields.NAME".'
        )


class IdField(fields.Field[str]):
    """An id: a whole number, also written as text."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        text = str(value)
        if type(value) not in (int, str) or not re.fullmatch(r"-?[0-9]{1,20}", text):
            raise ValidationError("Not the id of a user.")
        return text


def _plain(url: str) -> None:
    # by hand: marshmallow's own pattern takes a tenth of a second to compile, in every run
    if not _URL.fullmatch(url):
        raise ValidationError("Not an address: write it with https://, such as https://acme.zendesk.com.")
    parts = urlsplit(url)
    if parts.path.strip("/"):
        raise ValidationError("Zendesk's address has no path: write the account's alone, as https://acme.zendesk.com.")
    if parts.query or parts.fragment or parts.username:
        raise ValidationError("Write the address of the account alone, such as https://acme.zendesk.com.")


def _switch(default: bool, meaning: str) -> fields.Boolean:
    shown = {"example": "true" if default else "false", "meaning": meaning}
    return fields.Boolean(load_default=default, truthy={True}, falsy={False}, metadata=shown)


class OptionsSchema(Schema):
    """Checks the options of a `[sources.NAME]` of kind "zendesk" and loads them to `Options`."""

    url = fields.String(
        required=True, validate=_plain, metadata={"example": '"https://"', "meaning": "SUBDOMAIN.zendesk.com"}
    )
    client_id = fields.String(
        validate=validate.Length(min=1),
        metadata={"example": '"xmo"', "meaning": "an OAuth client made by an admin", "starts": True},
    )
    client_secret = SecretField(metadata={"starts": True})
    refresh_token = SecretField(metadata={"meaning": "in addition, where the client acts for a person"})
    scope = fields.String(
        load_default="read write",
        validate=validate.Length(min=1),
        metadata={"example": '"read write"', "meaning": "what OAuth asks for"},
    )
    username = fields.String(
        validate=validate.Length(min=1),
        metadata={"example": '"xmo@example.com"', "meaning": "with an API token; Zendesk ends these on 2027-04-30"},
    )
    token = SecretField(metadata={"meaning": "an API token with username, else an OAuth access token"})
    page_size = fields.Integer(
        strict=True,
        load_default=500,
        validate=validate.Range(min=1, max=1000),
        metadata={"example": "500", "meaning": "tickets a request, at most 1000"},
    )
    service = PlaceField(metadata={"example": '"brand"', "meaning": "or form, or the id of a custom field"})
    category = PlaceField(metadata={"example": '"form"', "meaning": "or brand, or the id of a custom field"})
    # `Schema.fields` is marshmallow's own, so the option of that name is loaded as `places`.
    places = fields.Dict(
        keys=fields.String(validate=_FIELD),
        values=PlaceField(),
        load_default=dict,
        data_key="fields",
        metadata={"example": '{ department = "user_fields.department" }', "meaning": "your own fields; place is one"},
    )
    kinds = fields.Dict(
        keys=fields.String(),
        values=fields.String(validate=_FIELD),
        load_default=dict,
        metadata={"example": '{ task = "task" }', "meaning": "your own kinds, by type (none: without) or id of a form"},
    )
    states = fields.Dict(
        keys=fields.String(),
        values=fields.String(validate=_STATE),
        load_default=dict,
        metadata={"example": '{ "1500001" = "on_hold" }', "meaning": "states of custom statuses, by their id"},
    )
    machines = fields.List(
        IdField(),
        load_default=list,
        metadata={"example": "[360000009]", "meaning": "users who are automatons: their words are no responses"},
    )
    merged_tags = fields.List(
        fields.String(validate=validate.Length(min=1)),
        load_default=lambda: sorted(MERGED),
        metadata={"example": '["closed_by_merge"]', "meaning": "a ticket that ends with one of these was cancelled"},
    )
    sla = _switch(True, "read whether targets were kept: a stream of its own")
    touchpoints = _switch(
        False, "read every comment and hand-off, too: ten requests a minute are all that Zendesk allows"
    )
    surveys = _switch(True, "read the answers to Zendesk's own surveys")
    locale = fields.String(
        load_default="en-us",
        validate=validate.Regexp(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z", error="Not a locale, such as en-us."),
        metadata={"example": '"en-us"', "meaning": "one of the help center's, in which surveys are shown"},
    )
    requester_kind = fields.String(
        load_default="customer",
        validate=validate.OneOf(get_args(PersonKind)),
        metadata={"example": '"customer"', "meaning": "or employee, partner, unknown"},
    )

    webhook_secret = SecretField(
        metadata={"meaning": "the signing secret of the webhook, where there is one: without it, none is believed"}
    )

    @validates_schema
    def _one_way_in(self, data: dict[str, Any], **_: Any) -> None:
        given = {name for way in _WAYS for name in way if name in data}
        if frozenset(given) not in _WAYS:
            raise ValidationError(
                "Log in one way: client_id and client_secret (and refresh_token), or token, or username and token.",
                _culprit(given),
            )

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Options:
        """Turn the checked values into `Options`; paths are added to the address, so it ends without a slash."""
        for name in ("machines", "merged_tags"):
            data[name] = frozenset(data[name])
        return Options(url=data.pop("url").rstrip("/"), fields=data.pop("places"), **data)


def _culprit(given: set[str]) -> str:
    """Return the option to point at: the one too many, else the one that is missing."""
    if "token" in given:
        return "token"
    if given & {"client_id", "client_secret", "refresh_token"}:
        return next((name for name in ("client_id", "client_secret") if name not in given), "username")
    return "token" if "username" in given else "client_id"
