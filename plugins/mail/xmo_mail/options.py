"""The options of a mail channel, and the schema that checks them.

[channels.mail]
kind = "mail"
host = "smtp.example.com"
username = "xmo"
password = { env = "MAIL_PASSWORD" }
sender = "Northwind IT <feedback@example.com>"
domains = ["example.com"]                       # for a first try: nobody else is written to
"""

import re
from dataclasses import dataclass, field
from email.headerregistry import Address
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, get_args

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from xmo_mail.addresses import domain, named

Security = Literal["starttls", "tls", "none"]
PORTS: dict[Security, int] = {"starttls": 587, "tls": 465, "none": 25}
_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")
_SENDABLE = re.compile(r"[ -~]+")


def reveal(secret: Any) -> str:
    """Return the text of a secret that the core wrapped, or of a plain string."""
    show = getattr(secret, "reveal", None)
    return str(show()) if show else str(secret)


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """The options of one channel. The password may be a plain string or a wrapped one: see `reveal`. `domains` empty
    means all."""

    host: str
    port: int
    security: Security = "starttls"
    ca_bundle: Path | None = None
    username: str = ""
    password: Any = field(default="", repr=False)
    sender: Address
    reply_to: Address | None = None
    domains: frozenset[str] = frozenset()


class PasswordField(fields.Field[Any]):
    """A secret: a string, or a value with `reveal`. It is never repeated in a message."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if not isinstance(value, str) and not hasattr(value, "reveal"):
            raise ValidationError('Not a secret: write { env = "NAME" } or { file = "path" }.')
        if not _SENDABLE.fullmatch(reveal(value)):
            raise ValidationError("Is empty, or holds a character that SMTP cannot carry: it takes ASCII alone.")
        return value


class AddressField(fields.Field[Address]):
    """An address, with or without a name before it."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Address:
        if isinstance(value, str) and (found := named(value)):
            return found
        raise ValidationError('Not an address: write "feedback@example.com" or "Short name <feedback@example.com>".')


class DomainField(fields.Field[str]):
    """A domain that mail goes to, without the @ before it."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if isinstance(value, str) and (found := domain(value)):
            return found
        raise ValidationError('Not a domain: write what stands behind the @, such as "example.com".')


class FileField(fields.Field[Path]):
    """An existing file, relative to the folder of the config (schema attribute `folder`)."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Path:
        if not isinstance(value, str):
            raise ValidationError("Not a path: write the name of a file in quotes.")
        folder: Path = getattr(self.root, "folder", Path())
        path = folder / Path(value).expanduser()
        if not path.is_file():
            raise ValidationError(f"There is no file {path}.")
        return path


def _host(name: str) -> None:
    if not _HOST.fullmatch(name) and not _is_ip(name):
        raise ValidationError("Write the name of the server alone, such as smtp.example.com; the port is an option.")


def _is_ip(name: str) -> bool:
    try:
        return bool(ip_address(name))
    except ValueError:
        return False


def _here(host: str) -> bool:
    return host.lower() == "localhost" or (_is_ip(host) and ip_address(host).is_loopback)


def _shown(example: str, meaning: str, **more: Any) -> dict[str, Any]:
    return {"example": example, "meaning": meaning, **more}


class OptionsSchema(Schema):
    """Checks the options of a `[channels.NAME]` of kind "mail" and loads them to `Options`. Paths start at `folder`,
    which the core sets to that of the config."""

    folder = Path()

    host = fields.String(
        required=True, validate=_host, metadata=_shown('"smtp.example.com"', "the server that takes your mail")
    )
    port = fields.Integer(
        strict=True,
        validate=validate.Range(min=1, max=65535),
        metadata=_shown("587", "by itself 587 with starttls, 465 with tls, 25 with none"),
    )
    security = fields.String(
        load_default="starttls",
        validate=validate.OneOf(get_args(Security), error="Must be one of: {choices}."),
        metadata=_shown('"starttls"', "or tls; none only to this machine itself"),
    )
    ca_bundle = FileField(metadata=_shown('"ca.pem"', "where the server's certificate is of an authority of your own"))
    username = fields.String(
        validate=validate.Regexp(rf"{_SENDABLE.pattern}\Z", error="Is empty, or not ASCII alone, as SMTP takes it."),
        metadata=_shown('"xmo"', "with password; a relay may need none", starts=True),
    )
    password = PasswordField(metadata={"starts": True})
    sender = AddressField(
        required=True, metadata=_shown('"Northwind IT <feedback@example.com>"', "whom people see; bounces go there")
    )
    reply_to = AddressField(metadata=_shown('"helpdesk@example.com"', "where replies go, if not to sender"))
    domains = fields.List(
        DomainField(),
        load_default=list,
        metadata=_shown('["example.com"]', "only addresses at these: for a first try"),
    )

    @validates_schema
    def _both_or_none(self, data: dict[str, Any], **_: Any) -> None:
        for missing, given in (("password", "username"), ("username", "password")):
            if given in data and missing not in data:
                raise ValidationError(f"Is missing: {given} is given, and one alone logs nobody in.", missing)

    @validates_schema
    def _nothing_in_clear_over_the_net(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("security") == "none" and "host" in data and not _here(data["host"]):
            raise ValidationError(
                "A question holds a personal link, and would travel unencrypted: none is for a server on this machine "
                '(host = "localhost"). Write starttls or tls.',
                "security",
            )

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Options:
        """Turn the checked values into `Options`, the port that goes with the security among them."""
        data.setdefault("port", PORTS[data["security"]])
        return Options(domains=frozenset(data.pop("domains")), **data)
