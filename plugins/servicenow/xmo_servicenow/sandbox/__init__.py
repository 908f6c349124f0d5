"""The ServiceNow sandbox: a stand-in for the Table API of one instance, with its quirks and its faults.

It replays real incidents from a CSV file or the tickets of a work file (.jsonl), or plays generated ones, up to a clock
that only goes forward. Log in as user `xmo` with password `sandbox`, with the API key `sandbox-key`, or fetch a token
with client `xmo`, secret `sandbox`.
Under `/sandbox/` (no log-in) lie its switches: `clock`, `faults`, `user`, and `journal`, all that was written.

Importing this module is cheap: Flask is loaded when a sandbox is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmo_hooks import Sandbox, SandboxOptions

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["FAULTS", "SANDBOX"]

FAULTS = {
    "slow": "every request waits this many seconds before anything else happens",
    "drop": "the connection is dropped without an answer; a write is not executed",
    "503": "503, with a JSON envelope and with an HTML page in turn; a write is not executed",
    "html": "200 with the HTML page of a hibernating instance; a write is not executed",
    "401": "401 although the log-in is right; a write is not executed",
    "429": "429 with Retry-After, in seconds and as a date in turn; a write is not executed",
    "cancelled": "a list answers 200 with an error inside: the error alone, half the rows and the error, broken JSON",
    "late": "a write is executed, but the connection drops before the answer",
    "moving": "after a page that is not the last, one of its tickets is updated",
    "hidden": "this share of tickets is hidden by an ACL: counted in X-Total-Count, never delivered",
    "closed": "this share of the tables beside the tickets (SLAs, audit log, journal, surveys) answers 403",
    "unparsable": "this share of tickets has a value that nobody can parse",
}


def make(options: SandboxOptions) -> WSGIApplication:
    """Make the WSGI app. Called by `xmo sandbox`; raises `ConfigError` where data or faults make no sense."""
    from xmo_servicenow.sandbox.web import build

    return build(options)


def config(url: str) -> str:
    """Return the lines of a `[sources.NAME]` table that reads this sandbox at `url`."""
    return (
        'kind = "servicenow"\n'
        f'url = "{url}"\n'
        'username = "xmo"\n'
        'password = "sandbox"\n'
        'tables = [{ name = "incident", fields = { category = "subcategory" } }, "sc_req_item"]\n'
    )


SANDBOX = Sandbox(name="servicenow", faults=FAULTS, make=make, config=config)
