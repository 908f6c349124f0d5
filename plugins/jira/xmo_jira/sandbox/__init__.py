"""The Jira sandboxes: stand-ins for one Jira Cloud site and one Jira Data Center server, each with Service Management.

They play a month of work from a JSON-lines file, or made-up tickets, up to a clock that only goes forward.
Log in to the Cloud site as `xmo@example.org` with the API token `sandbox`; over `/ex/jira/CLOUD_ID` also with an access
token from `/oauth/token` (client `xmo`, secret `sandbox`, first refresh token `sandbox`: each one is good for one use).
Log in to the server with the personal access token `sandbox`, or as user `xmo` with password `sandbox`.
Under `/sandbox/` (no log-in) lie the switches: `clock`, `faults`, `user`, `journal` (all that was written) and
`questions` (how many of the comments of each issue hold a marker of ours).

Importing this module is cheap: Flask is loaded when a sandbox is made.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from xmo_hooks import Sandbox, SandboxOptions
from xmo_jira.sandbox.site import DUE_AT, EMAIL, FIELDS, RESOLUTION, SECRET, TEAM

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["CLOUD_FAULTS", "FAULTS", "SANDBOX", "SERVER", "SERVER_FAULTS"]

FAULTS = {
    "slow": "every request waits this many seconds before anything else happens",
    "lag": "search shows what happened only after this many seconds of the sandbox's clock",
    "drop": "the connection is dropped without an answer; a write is not executed",
    "cut": "the connection is dropped in the middle of the answer to a read",
    "503": "503, with a JSON body, with an HTML page and with Retry-After in turn; a write is not executed",
    "401": "401 although the log-in is right; a write is not executed",
    "captcha": "403 with the header that asks for a CAPTCHA; a write is not executed",
    "429": "429 for each of the vendor's reasons in turn; a write is not executed",
    "403": "a write is refused: the account may not do this here",
    "404": "a request for one issue is answered as if it were not there; a write is not executed",
    "409": "a write is refused: somebody else changes the issue at this moment",
    "late": "a write is executed, but the connection drops before the answer",
    "anonymous": "the log-in is right, and yet the answer is the one that nobody gets: 200 without issues",
    "moving": "after a page of a search that is not the last, one of its issues is changed",
    "hidden": "this share of issues is hidden from the account: never found, 404",
    "unparsable": "this share of issues has a value that nobody can parse",
    "stale": "this share of reopened issues keeps its resolution and the date of it",
    "no_feedback": "the endpoint of the satisfaction ratings is not there",
}
CLOUD_FAULTS = {
    **FAULTS,
    "no_email": "this share of requesters keeps the address private",
    "stuck": "a further page of a search comes again, with the token that it was asked for with",
    "epoch": "a bulk changelog dates its entries in epoch milliseconds",
}
SERVER_FAULTS = {**FAULTS, "blocked": "429 that asks to wait longer than anybody lives; a write is not executed"}


def make(options: SandboxOptions, *, cloud: bool = True) -> WSGIApplication:
    """Make the WSGI app. Called by `xmo sandbox`; raises `ConfigError` where data or faults make no sense."""
    from xmo_jira.sandbox.web import build

    return build(options, cloud=cloud)


def config(url: str) -> str:
    """Return the lines of a `[sources.NAME]` table that reads the Cloud site at `url`."""
    return _lines(url, f'username = "{EMAIL}"')


def server_config(url: str) -> str:
    """Return the lines of a `[sources.NAME]` table that reads the server, which lies below `/jira` as many do. It does
    not say of a user that it is a machine, so the config does."""
    return _lines(f"{url}/jira", 'machines = ["automation"]')


def _lines(url: str, own: str) -> str:
    lines = (
        'kind = "jira"',
        f'url = "{url}"',
        own,
        f'token = "{SECRET}"',
        'projects = ["SUP"]',
        'service = "components"',
        f'group = "{TEAM}"',
        f'promised = "{DUE_AT}"',
        f'sla = "{FIELDS[RESOLUTION].name}"',
        "touchpoints = true",
    )
    return "".join(f"{line}\n" for line in lines)


SANDBOX = Sandbox(name="jira", faults=CLOUD_FAULTS, make=make, config=config)
SERVER = Sandbox(name="jira-server", faults=SERVER_FAULTS, make=partial(make, cloud=False), config=server_config)
