"""An independent referee: the vendors' own API descriptions stand between each plugin and its sandbox.

`make referee`: every request that a plugin makes and every answer that a sandbox gives is held against the description
by Prism, a validating proxy. Leaves with 1 when one differs outside the written list of gaps, with 2 when Prism or the
descriptions are not at hand.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import click
import requests
from werkzeug.serving import WSGIRequestHandler, make_server

import xmo_jira.sandbox
import xmo_servicenow.sandbox
import xmo_zendesk.sandbox
from referee import descriptions
from referee.watch import Watch, gaps
from xmo_demo import month
from xmo_hooks import SandboxOptions

PRISM = Path(__file__).parents[1] / ".venv/prism/node_modules/.bin/prism"
SANDBOXES = {
    "servicenow": xmo_servicenow.sandbox.SANDBOX,
    "jira": xmo_jira.sandbox.SANDBOX,
    "zendesk": xmo_zendesk.sandbox.SANDBOX,
}
# What is added to each source of a vendor: what costs requests is switched on, so that it is seen.
MORE = {
    "servicenow": ["touchpoints = true\nsla = true\nsurveys = true\n"],
    "jira": [
        'jql = "component in (Mail, VPN, Laptop)"\n',
        'jql = "component not in (Mail, VPN, Laptop)"\nservice_desk = false\n',
    ],
    "zendesk": ['fields = { brand = "brand", form = "form", place = "user_fields.place" }\n'],
}
# The month knows no answers to a vendor's own survey: where made-up tickets have some, so many come beside it.
ANSWERED = {"jira": 90, "zendesk": 90}
# What a sandbox is switched to on a day: an account of Zendesk has one of two kinds of surveys; both are to be seen.
SWITCHES = {"zendesk": {0: ("survey", {"mode": "legacy"}), 10: ("survey", {"mode": "surveys"})}}
_DAYS = 20


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@contextmanager
def _served(app: Any) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def _prism(description: Path, upstream: str) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(PRISM), "proxy", str(description), upstream, "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if "is listening" in line:
                    break
            else:
                sys.exit(f"Prism did not start on {description.name}.")
            # nobody reads what it says from now on, and a full pipe would stop it
            Thread(target=process.stdout.read, daemon=True).start()
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _xmo(folder: Path, now: str, *words: str) -> None:
    command = [sys.executable, "-m", "xmo_core", "--config", str(folder / "xmo.toml"), "--now", now, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"`xmo {' '.join(words)}` failed:\n{done.stdout}{done.stderr}")


def watched(vendor: str, folder: Path) -> Watch:
    """Run the line on one vendor for some weeks, and return what the referee saw."""
    month.write(folder / "month.jsonl", 120, seed=3)
    (folder / "xmo.key").write_text("only for this match, and thrown away with it")
    start = month.START + timedelta(hours=1)
    played = SandboxOptions(data=folder / "month.jsonl", at=start, generate=ANSWERED.get(vendor, 0))
    with ExitStack() as stack:
        sandbox = stack.enter_context(_served(SANDBOXES[vendor].make(played)))
        proxy = stack.enter_context(_prism(descriptions.prepare(vendor, folder), sandbox))
        watch = Watch(proxy, sandbox, gaps(vendor))
        seen = stack.enter_context(_served(watch))
        options = f"{SANDBOXES[vendor].config(seen)}requests_per_minute = 1000000\n"
        sources = [f"[sources.{vendor}-{number}]\n{options}{more}" for number, more in enumerate(MORE[vendor], 1)]
        site = '[site]\nname = "Match"\nurl = "http://127.0.0.1:1"\nkey = { file = "xmo.key" }\n'
        store = f'[store]\nurl = "sqlite:///{folder / "xmo.db"}"\n[log]\nlevel = "error"\n'
        (folder / "xmo.toml").write_text(f"{site}{store}{''.join(sources)}")
        _xmo(folder, start.isoformat(), "check")
        _xmo(folder, start.isoformat(), "sync", "--plan")
        for day in range(0, _DAYS, 5):
            now = (start + timedelta(days=day)).isoformat()
            switches = [("clock", {"now": now}), *filter(None, [SWITCHES.get(vendor, {}).get(day)])]
            for switch, value in switches:
                requests.put(f"{sandbox}/sandbox/{switch}", json=value, timeout=30).raise_for_status()
            _xmo(folder, now, "run")
    return watch


@click.command()
@click.argument("vendors", nargs=-1, type=click.Choice(list(SANDBOXES)))
def main(vendors: tuple[str, ...]) -> None:
    """Let the referee watch these vendors' plugins, or all."""
    if absent := descriptions.missing():
        hint = "Set XMO_API_DESCRIPTIONS to the folder that holds it."
        click.echo(f"No referee: {absent[0]} is missing. {hint}", err=True)
        sys.exit(2)
    if not PRISM.exists() or shutil.which("node") is None:
        click.echo("No referee: Prism is not installed. `make referee` does it, with npm of Node.js.", err=True)
        sys.exit(2)
    failed = False
    for vendor in vendors or SANDBOXES:
        with tempfile.TemporaryDirectory() as name:
            watch = watched(vendor, Path(name))
        calls = ", ".join(f"{count:,} {method}" for method, count in sorted(watch.calls.items()))
        click.echo(f"{vendor}: {calls}")
        for gap, count in watch.used.items():
            click.echo(f"  gap, {count:,} times: {gap.reason}")
        for gap in set(watch.gaps) - set(watch.used):
            click.echo(f"  gap that nothing fell into any more: {gap.reason}")
        for (method, path, says), count in watch.violations.most_common():
            click.echo(f"  VIOLATION, {count:,} times: {method} {path}: {says}")
        wrote = sum(count for method, count in watch.calls.items() if method in ("PATCH", "PUT", "POST"))
        if not wrote:
            click.echo("  no question was written: the match says nothing about writing")
        failed |= bool(watch.violations) or not wrote
    sys.exit(failed)


if __name__ == "__main__":
    main()
