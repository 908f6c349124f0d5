"""`xmo serve` and `xmo sandbox`: what listens."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from waitress.server import create_server
from waitress.wasyncore import close_all
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import WSGIRequestHandler, make_server

from xmo_core import registry
from xmo_core.cli import EXISTING, Moment, Surroundings
from xmo_core.desk import StoreDesk
from xmo_core.logs import get as get_log
from xmo_core.office import Office
from xmo_hooks import ConfigError, SandboxOptions

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from xmo_core.hearing import Hearing

log = get_log("xmo.serve")
# Bytes of a request: neither a page nor a webhook takes more, and what is longer is refused before it is kept.
_LIMITS = {"max_request_body_size": 1 << 20}
_HOST = click.option("--host", default="127.0.0.1", help="The address to listen on.")


@click.command()
@_HOST
@click.option("--port", default=8080, help="The port to listen on; 0 takes a free one.")
@click.option("--threads", default=8, help="How many requests to work on at once.")
@click.pass_obj
def serve(surroundings: Surroundings, host: str, port: int, threads: int) -> None:
    """Serve the pages on which people answer, and hear webhooks. Put a proxy with TLS before it.

    \b
    Example:
      xmo serve --port 8080
    """
    office, hearing = _open(surroundings)
    mounts = pages(office)
    if hearing is not None:
        mounts["/hear"] = hearing
    app, opened = DispatcherMiddleware(NotFound(), mounts), dict[int, Any]()
    try:
        server = create_server(app, host=host, port=port, threads=threads, ident=None, map=opened, **_LIMITS)
    except OSError as error:
        close_all(opened)
        raise ConfigError(f"Cannot listen on {host}:{port}: {error.strerror}.", hint="Name another --port.") from None
    click.echo(f"Serving on http://{server.effective_host}:{server.effective_port} . Ctrl-C ends it.")
    if hearing is not None:
        hearing.look()
        hearing.bell.open()
    server.run()


def pages(office: Office) -> dict[str, WSGIApplication]:
    """Put together the pages of all plugins, each under its path."""
    called = office.registry.call("xmo_pages", desk=StoreDesk(office), settings=office.config.settings)
    mounts = {mount.path: mount.app for _, made in called for mount in made}
    if not mounts:
        raise ConfigError("No plugin serves pages.", hint="`xmo plugins` shows what is installed, and what is broken.")
    return mounts


def _open(surroundings: Surroundings) -> tuple[Office, Hearing | None]:
    """Open the office, and make what hears webhooks. Pages need no source: where the options of one are not right, or
    its secrets are not on this machine, nothing is heard."""
    from xmo_core.hearing import Hearing

    try:
        office = surroundings.office(sources=True)
        start = [sys.executable, "-m", "xmo_core", *surroundings.arguments, "run", "--heard"]
        return office, Hearing(office, partial(subprocess.call, start))
    except ConfigError as error:
        office = surroundings.office()
        log.warning("webhooks are not heard", reason=str(error))
        return office, None


@click.command()
@click.argument("name")
@click.option("--data", type=EXISTING, help="Tickets to serve.")
@click.option("--generate", type=int, default=0, help="How many tickets to make up.")
@_HOST
@click.option("--port", default=8181, help="The port to listen on; 0 takes a free one.")
@click.option("--at", type=Moment(), help="The time at which its clock starts [default: the end of the data].")
@click.option("--speed", type=float, default=0.0, help="Its seconds for each of ours.")
@click.option("--fault", "faults", multiple=True, metavar="NAME=RATE", help="Switch a fault on, such as 429=0.1.")
@click.option("--seed", type=int, default=0, help="What faults and made-up tickets are drawn from.")
@click.option("--list-faults", is_flag=True, help="Say what can be switched on, and stop.")
def sandbox(name: str, host: str, port: int, faults: Sequence[str], list_faults: bool, **options: Any) -> None:
    """Serve a stand-in for the API of the vendor NAME, to try things out without harm.

    \b
    Example:
      xmo sandbox servicenow --generate 1000 --port 8181
      xmo sandbox servicenow --generate 1000 --fault 429=0.1 --fault drop=0.05
    """
    sandboxes = registry.load().sandboxes()
    if name not in sandboxes:
        raise ConfigError(f"There is no sandbox {name!r}.", hint=f"There are: {', '.join(sandboxes) or 'none'}.")
    _, offered = sandboxes[name]
    if list_faults:
        for fault, meaning in offered.faults.items():
            click.echo(f"{fault:<12} {meaning}")
        return
    app = offered.make(SandboxOptions(faults=_rates(faults, offered.faults), **options))
    server = make_server(host, port, app, threaded=True, request_handler=_Quiet)
    url = f"http://{host}:{server.server_port}"
    click.echo(f"The {name} sandbox serves on {url} . Ctrl-C ends it. Its table in xmo.toml:\n")
    click.echo(offered.config(url))
    server.serve_forever()


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: a sandbox serves thousands of requests."""


def _rates(faults: Sequence[str], known: Collection[str]) -> dict[str, float]:
    rates = {}
    for fault in faults:
        name, _, rate = fault.partition("=")
        if name not in known:
            raise ConfigError(f"There is no fault {name!r}.", hint=f"There are: {', '.join(sorted(known))}.")
        try:
            rates[name] = float(rate or 1)
        except ValueError:
            raise ConfigError(f"The rate of {name} is not a number: {rate!r}.", hint=f"Write {name}=0.1.") from None
    return rates
