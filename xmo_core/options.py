"""What of the config belongs to the core: `[site]`, `[store]`, `[http]`, `[log]`, what sources and channels take."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from marshmallow import Schema, ValidationError, fields, post_load, validate

from xmo_core.secrets import Secret

BUDGET = timedelta(minutes=10)  # of one step of a plugin
_DURATION = re.compile(r"(\d{1,6})([dhms])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteOptions:
    """`[site]`: who asks, under which address, with which key; invitations expire after `answer_within`; `rules` are
    the one-off files, as they are named."""

    name: str
    url: str
    key: Secret
    answer_within: timedelta
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpOptions:
    """`[http]`: how vendors are reached. `timeout` is for one answer, `max_wait` for one request with its repeats."""

    proxy: str | None = None
    ca_bundle: Path | None = None
    client_certificate: Path | None = None
    timeout: timedelta = timedelta(seconds=70)  # ServiceNow cancels a transaction after 60 s and then says so
    max_wait: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True, slots=True)
class LogOptions:
    """`[log]`: how much is logged to stderr, and in which form."""

    format: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Duration(fields.Field[timedelta]):
    """A length of time: a whole number and its unit (`14d`, `36h`, `90m`, `30s`)."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> timedelta:
        match = _DURATION.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise ValidationError('Not a length of time: write a number and d, h, m or s, such as "14d" or "90m".')
        return timedelta(**{_UNITS[match[2]]: int(match[1])})


class File(fields.Field[Path]):
    """An existing file, relative to the folder of the config (schema attribute `folder`)."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Path:
        if not isinstance(value, str):
            raise ValidationError("Not a path: write the name of a file in quotes.")
        folder: Path = getattr(self.root, "folder", Path())
        path = folder / Path(value).expanduser()
        if not path.is_file():
            raise ValidationError(f"There is no file {path}.")
        return path


class CoreSchema(Schema):
    """A section of the core; paths in it start at `folder`."""

    makes: type

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Any:
        """Build the options from the checked values."""
        return self.makes(**data)


def _address(url: str) -> None:
    # by hand: marshmallow's own pattern takes a tenth of a second to compile, in every run
    if not re.fullmatch(r"(https?|socks5h?)://[^\s/?#]+(/[^\s?#]*)?", url):
        raise ValidationError('Not an address, such as "https://feedback.example.com".')


def _key(value: object) -> None:
    if not isinstance(value, Secret) or len(value.reveal()) < 32:
        raise ValidationError("Must hold at least 32 characters; `xmo init` makes one.")


class SiteSchema(CoreSchema):
    """Checks `[site]`."""

    makes = SiteOptions
    name = fields.String(required=True, validate=validate.Length(min=1))
    url = fields.String(load_default="http://127.0.0.1:8080", validate=_address)
    key = fields.Raw(required=True, validate=_key)
    answer_within = Duration(load_default=timedelta(days=14), validate=validate.Range(min=timedelta(hours=1)))

    rules = fields.List(fields.String(), load_default=list)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> SiteOptions:
        """Build the options; paths are added to the address, so it ends without a slash."""
        return SiteOptions(**{**data, "url": data["url"].rstrip("/"), "rules": tuple(data["rules"])})


class StoreSchema(CoreSchema):
    """Checks `[store]`, and loads to its URL."""

    url = fields.String(load_default="sqlite:///xmo.db")

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> str:
        """Return the URL; a relative SQLite file lies beside the config, wherever `xmo` is called."""
        url: str = data["url"]
        scheme, colon, rest = url.partition("://")
        if scheme in {"postgresql", "postgres", "postgresql+psycopg2"}:
            raise ValidationError("Write postgresql+psycopg://… : XMO talks to PostgreSQL through psycopg 3.", "url")
        if scheme not in {"postgresql+psycopg", "sqlite"} or not colon:
            raise ValidationError("Write sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME.", "url")
        file = rest.removeprefix("/")
        in_file = scheme == "sqlite" and file and not file.startswith(":memory:")
        return f"sqlite:///{(self.folder / file).absolute()}" if in_file else url


class HttpSchema(CoreSchema):
    """Checks `[http]`."""

    makes = HttpOptions
    proxy = fields.String(validate=_address)
    ca_bundle = File()
    client_certificate = File()
    timeout = Duration(validate=validate.Range(min=timedelta(seconds=1)))
    max_wait = Duration()


class LogSchema(CoreSchema):
    """Checks `[log]`."""

    makes = LogOptions
    format = fields.String(validate=validate.OneOf(["text", "json"]))
    level = fields.String(validate=validate.OneOf(["debug", "info", "warning", "error"]))


class PluginSchema(Schema):
    """Checks the options that sources and channels take, whatever their kind."""

    kind = fields.String(required=True)
    requests_per_minute = fields.Integer(strict=True, validate=validate.Range(min=1))
    time_budget = Duration(load_default=BUDGET, validate=validate.Range(min=timedelta(seconds=1)))
    enabled = fields.Boolean(load_default=True, truthy={True}, falsy={False})


class SourceSchema(PluginSchema):
    """Checks the options that any source takes."""

    limits = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(strict=True, validate=validate.Range(min=1)),
        load_default=dict,
    )


class ChannelSchema(PluginSchema):
    """Checks the options that any channel takes."""

    sources = fields.List(fields.String(), load_default=None, validate=validate.Length(min=1))


CORE: Mapping[str, type[CoreSchema]] = {"site": SiteSchema, "store": StoreSchema, "http": HttpSchema, "log": LogSchema}
# Tables of tables, each named by the site.
GROUPS: Mapping[str, type[PluginSchema]] = {"sources": SourceSchema, "channels": ChannelSchema}


def is_loopback(url: object) -> bool:
    """Tell whether a URL leads to this machine: there, no proxy stands between and a plain secret does no harm."""
    try:
        host = urlsplit(url).hostname if isinstance(url, str) else None
        return host == "localhost" or (host is not None and ip_address(host).is_loopback)
    except ValueError:
        return False
