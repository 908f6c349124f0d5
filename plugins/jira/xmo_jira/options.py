"""The options of a Jira source, and the schema that checks them.

    [sources.desk]
    kind = "jira"
    url = "https://acme.atlassian.net"              # Data Center: with its context path; OAuth: see `site_url`
    username = "xmo@example.com"                    # Cloud: with an API token; Data Center: with a password
    token = { env = "DESK_TOKEN" }                  # alone: a personal access token
    projects = ["SUP"]
    states = { "Waiting for customer" = "waiting", "10105" = "on_hold" }    # a status by its name or id
    kinds = { "Access request" = "request" }
    fields = { department = "customfield_10050" }   # becomes an attribute of the ticket
    service = "components"                          # or project, request_type, or a field

With OAuth 2.0, `url` is the address of the API, and `site_url` the one that people open:

    [sources.oauth]
    kind = "jira"
    url = "https://api.atlassian.com/ex/jira/11111111-2222-3333-4444-555555555555"
    site_url = "https://acme.atlassian.net"
    client_id = "abc"
    client_secret = { env = "JIRA_SECRET" }
    refresh_token = { file = "jira.refresh" }       # the first one; those that follow are kept in the store
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from xmo_hooks import PersonKind, State

Deployment = Literal["cloud", "server"]
ATLASSIAN_TOKENS = "https://auth.atlassian.com/oauth/token"
_DURATION = re.compile(r"(\d{1,6})([dhms])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_URL = re.compile(r"https?://(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?([/?#]\S*)?")
_HEADER = re.compile(r"[!-~]+")
_QUOTED = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')""")
_ORDER = re.compile(r"\border\s+by\b", re.IGNORECASE)
_NAME = validate.Regexp(r"[a-z][a-z0-9_]*\Z", error="Write a name in small letters, digits and _.")
_COLUMN = validate.Regexp(r"[A-Za-z][A-Za-z0-9_.-]*\Z", error="Not the id of a field, such as customfield_10050.")
_PROJECT = validate.Regexp(r'[^"\\\x00-\x1f]+\Z', error="Not the key of a project, such as SUP.")
_STATE = validate.OneOf(get_args(State), error="Must be one of: {choices}.")
_WAYS = (
    {"username", "token"},
    {"username", "password"},
    {"token"},
    {"client_id", "client_secret", "refresh_token"},
    {"client_id", "client_secret"},
)


def reveal(secret: Any) -> str:
    """Return the text of a secret that the core wrapped, or of a plain string."""
    show = getattr(secret, "reveal", None)
    return str(show()) if show else str(secret)


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """The options of one source. Secrets may be plain strings or wrapped: see `reveal`. `deployment` None: the site
    is asked; `service_desk` None: a comment is tried as one on a request first."""

    url: str
    site_url: str = ""
    deployment: Deployment | None = None
    username: str = ""
    password: Any = field(default="", repr=False)
    token: Any = field(default="", repr=False)
    client_id: str = ""
    client_secret: Any = field(default="", repr=False)
    refresh_token: Any = field(default="", repr=False)
    token_url: str = ATLASSIAN_TOKENS
    projects: tuple[str, ...] = ()
    jql: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, State] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    service: str = "project"
    category: str = "request_type"
    group: str = ""
    promised: str = "duedate"
    sla: str = ""
    history: bool = True
    touchpoints: bool = True
    machines: frozenset[str] = frozenset()
    service_desk: bool | None = None
    page_size: int = 100
    overlap: timedelta = timedelta(minutes=10)
    requester_kind: PersonKind = "employee"
    webhook_secret: Any = field(default="", repr=False)


class SecretField(fields.Field[Any]):
    """A secret: a string, or a value with `reveal`. It is never repeated in a message."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if not isinstance(value, str) and not hasattr(value, "reveal"):
            raise ValidationError('Not a secret: write { env = "NAME" } or { file = "path" }.')
        if not reveal(value):
            raise ValidationError("Must not be empty.")
        return value


class DurationField(fields.Field[timedelta]):
    """A length of time: a whole number and its unit (`10m`, `600s`), or seconds."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> timedelta:
        if type(value) is int and 0 <= value < 1_000_000:
            return timedelta(seconds=value)
        match = _DURATION.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise ValidationError('Not a length of time: write a number and d, h, m or s, such as "10m".')
        return timedelta(**{_UNITS[match[2]]: int(match[1])})


class DeskField(fields.Field[bool | None]):
    """Whether comments go to requests of Jira Service Management: true, false, or "auto" (None)."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool | None:
        if value == "auto":
            return None
        if not isinstance(value, bool):
            raise ValidationError('Must be true, false or "auto".')
        return value


def _address(url: str) -> None:
    # by hand: marshmallow's own pattern takes a tenth of a second to compile, in every run
    if not _URL.fullmatch(url) or urlsplit(url).query or urlsplit(url).fragment:
        raise ValidationError("Not an address: write it with https://, such as https://acme.atlassian.net.")


def _condition(jql: str) -> None:
    """Refuse what would not stay inside the parentheses that are put around it."""
    bare, depth = "".join(_QUOTED.split(jql)[::2]), 0
    for sign in bare:
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            break
    if depth or '"' in bare or "'" in bare:
        raise ValidationError("Its parentheses or quotation marks do not match.")
    if not jql.strip():
        raise ValidationError("Must not be empty: leave it out.")
    if _ORDER.search(bare):
        raise ValidationError("Write the condition alone, without ORDER BY.")


def _words(example: str, meaning: str, values: validate.Validator | None = None) -> fields.Dict:
    shown = {"example": example, "meaning": meaning}
    text = fields.String(validate=values) if values else fields.String(validate=validate.Length(min=1))
    return fields.Dict(keys=fields.String(), values=text, load_default=dict, metadata=shown)


def _column(default: str, meaning: str, example: str = '"customfield_10050"') -> fields.String:
    return fields.String(load_default=default, validate=_COLUMN, metadata={"example": example, "meaning": meaning})


def _flag(default: bool, meaning: str) -> fields.Boolean:
    shown = {"example": str(default).lower(), "meaning": meaning}
    return fields.Boolean(load_default=default, truthy={True}, falsy={False}, metadata=shown)


class OptionsSchema(Schema):
    """Checks the options of a `[sources.NAME]` of kind "jira" and loads them to `Options`."""

    url = fields.String(
        required=True, validate=_address, metadata={"example": '"https://"', "meaning": "NAME.atlassian.net"}
    )
    username = fields.String(
        validate=validate.Length(min=1),
        metadata={"example": '"xmo@example.com"', "meaning": "Cloud: the account's mail address", "starts": True},
    )
    token = SecretField(metadata={"meaning": "an API token; without username a personal access token", "starts": True})
    password = SecretField(metadata={"meaning": "Data Center, in place of token"})
    client_id = fields.String(validate=validate.Length(min=1), metadata={"meaning": "OAuth 2.0"})
    client_secret = SecretField()
    refresh_token = SecretField(metadata={"meaning": "the first one; the next ones are kept in the store"})
    token_url = fields.String(validate=_address, metadata={"example": f'"{ATLASSIAN_TOKENS}"'})
    site_url = fields.String(
        validate=_address,
        metadata={"example": '"https://"', "meaning": "OAuth 2.0: where people open tickets, NAME.atlassian.net"},
    )
    deployment = fields.String(
        validate=validate.OneOf(get_args(Deployment)),
        metadata={"example": '"cloud"', "meaning": "or server (Data Center); else the site is asked"},
    )
    projects = fields.List(
        fields.String(validate=_PROJECT), load_default=list, metadata={"example": '["SUP"]', "starts": True}
    )
    jql = fields.String(
        validate=_condition,
        metadata={"example": "'labels != internal'", "meaning": "a further condition on tickets, in JQL"},
    )
    # `Schema.fields` is marshmallow's own, so the option of that name is loaded as `columns`.
    columns = fields.Dict(
        keys=fields.String(validate=_NAME),
        values=fields.String(validate=_COLUMN),
        load_default=dict,
        data_key="fields",
        metadata={"example": '{ department = "customfield_10050" }', "meaning": "your own fields, as attributes"},
    )
    states = _words(
        '{ "With supplier" = "on_hold" }', "statuses by name or id; `xmo check` names those it does not know", _STATE
    )
    kinds = _words('{ "Access request" = "request" }', "issue types, where Jira's own names do not say it", _NAME)
    service = _column("project", "or components, request_type, or a field", '"project"')
    category = _column("request_type", "else the first component; or project, components, a field", '"request_type"')
    group = _column("", "the field that names the team; without it, hand-offs are those between agents")
    promised = _column("duedate", "the field that holds the time promised", '"duedate"')
    sla = fields.String(
        validate=validate.Length(min=1),
        metadata={"example": '"Time to resolution"', "meaning": "the SLA that counts; else all of them"},
    )
    history = _flag(True, "read changes of status and assignee; without them, no reopening and no hand-off is known")
    touchpoints = _flag(True, "read comments and changes as events: nothing more is asked for that, answers grow")
    machines = fields.List(
        fields.String(validate=validate.Length(min=1)),
        load_default=list,
        metadata={"example": '["557058:f58131cb"]', "meaning": "account ids of automatons, beside those of apps"},
    )
    service_desk = DeskField(
        load_default=None,
        metadata={"example": '"auto"', "meaning": "whether comments go to requests of Service Management"},
    )
    page_size = fields.Integer(
        strict=True,
        load_default=100,
        validate=validate.Range(min=2, max=1000),
        metadata={"example": "100", "meaning": "tickets a request; the site may give fewer"},
    )
    overlap = DurationField(
        load_default=timedelta(minutes=10),
        metadata={"example": '"10m"', "meaning": "how far each run reads again, for Jira's search lags behind"},
    )
    requester_kind = fields.String(
        load_default="employee",
        validate=validate.OneOf(get_args(PersonKind)),
        metadata={"example": '"employee"', "meaning": "or customer, partner, unknown"},
    )

    webhook_secret = SecretField(
        metadata={"meaning": "the secret of the webhook, where there is one: without it, none is believed"}
    )

    @validates_schema
    def _one_way_in(self, data: dict[str, Any], **_: Any) -> None:
        given = {name for way in _WAYS for name in way if name in data}
        if given not in _WAYS:
            text = "Log in one way: username and token, token alone, username and password, or client_id and the rest."
            raise ValidationError(text, _culprit(given))
        for name in given & {"token"} if "username" not in given else ():
            if not _HEADER.fullmatch(reveal(data[name])):
                raise ValidationError("Holds a space or a character that cannot stand in a header.", name)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Options:
        """Turn the checked values into `Options`; paths are added to the addresses, so these end without a slash."""
        for name in data.keys() & {"url", "site_url"}:
            data[name] = data[name].rstrip("/")
        data["projects"], data["machines"] = tuple(data["projects"]), frozenset(data["machines"])
        return Options(fields=data.pop("columns"), **data)


def _culprit(given: set[str]) -> str:
    """Return the option to point at: what is missing of the way that was begun, else the one too many."""
    begun = max(_WAYS, key=lambda way: (len(way & given) - len(given - way), -len(way - given)))
    wrong = sorted(begun - given) or sorted(given - begun)
    return wrong[0]
