"""The Zendesk sandbox: a stand-in for the Support API of one account, with its quirks, its limits and its faults.

It shows the tickets of a work file (JSON Lines, one ticket a line), or generated ones, up to a clock that only goes
forward. Log in as `xmo@example.org/token` with password `sandbox`, or fetch tokens as client `xmo` with secret
`sandbox`; the first refresh token is `sandbox-refresh`. Under `/sandbox/` (no log-in) lie its switches: `clock`,
`faults`, `limits`, `survey`, `user`, `tokens`, `system`, and `journal`, all that was written.

Importing this module is cheap: Flask is loaded when a sandbox is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmo_hooks import Sandbox, SandboxOptions
from xmo_zendesk.sandbox.directory import CATEGORY, SERVICE

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["FAULTS", "SANDBOX"]

FAULTS = {
    "slow": "every request waits this many seconds before anything else happens",
    "drop": "the connection is dropped without an answer; a write is not executed",
    "503": "503 with an HTML page, with and without Retry-After in turn; a write is not executed",
    "52x": "520 and 524 in turn, HTML pages of the proxy before the vendor; a write is not executed",
    "html": "200 with the HTML page of a log-in; a write is not executed",
    "401": "401 although the log-in is right; a write is not executed",
    "403": "403 although the right is there; a write is not executed",
    "409": "a write is refused with 409, as happens under concurrency, and not executed",
    "429": "429 with Retry-After: of the API, of the edge without JSON, and of the edge with it, in turn",
    "cut": "an answer breaks off in the middle; a write is executed",
    "late": "a write is executed, but the connection drops before the answer",
    "moving": "after an exported page that is not the last, one of its tickets changes: by the system, or a note",
    "nameless": "this share of users is missing where users are sideloaded",
    "unparsable": "this share of exported tickets has a value that nobody can parse",
    "limits": "above 0, the vendor's rate limits stand: 10 exports and 100 ticket updates a minute, and the others",
}


def make(options: SandboxOptions) -> WSGIApplication:
    """Make the WSGI app. Called by `xmo sandbox`; raises `ConfigError` where data or faults make no sense."""
    from xmo_zendesk.sandbox.web import build

    return build(options)


def config(url: str) -> str:
    """Return the lines of a `[sources.NAME]` table that reads this sandbox at `url`."""
    return (
        'kind = "zendesk"\n'
        f'url = "{url}"\n'
        'username = "xmo@example.org"\n'
        'token = "sandbox"\n'
        f"service = {SERVICE}\n"
        f"category = {CATEGORY}\n"
        'states = { "50000000006" = "cancelled" }\n'
        "touchpoints = true\n"
        'limits = { "/api/v2/incremental/" = 600 }  # 10 at the vendor, which this is not\n'
    )


SANDBOX = Sandbox(name="zendesk", faults=FAULTS, make=make, config=config)
