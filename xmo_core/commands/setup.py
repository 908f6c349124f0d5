"""`xmo init`, `plugins`, `check`: from nothing to a config that is right."""

import os
import secrets
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import timedelta

import click

from xmo_core import one_off, registry
from xmo_core.channels import opened
from xmo_core.cli import AS_JSON, FAILED, Surroundings, show_json, writing_files
from xmo_core.connected import Connected, connected
from xmo_core.line import Waits
from xmo_core.office import Office
from xmo_core.options import is_loopback
from xmo_core.template import starter
from xmo_hooks import ConfigError, Finding, XmoError

_SKEW = 30.0
_MARKS = {"ok": ("✓", "green"), "note": ("·", None), "warning": ("!", "yellow"), "error": ("✗", "red")}


@click.command()
@click.option("--kind", "kinds", multiple=True, help="A kind of source or channel to write a table for.")
@click.pass_obj
def init(surroundings: Surroundings, kinds: Sequence[str]) -> None:
    """Write a config to start from, and the secret that pseudonyms and links hang on. What is there already stays.

    \b
    Example:
      xmo init --kind servicenow
    """
    config, key = surroundings.config, surroundings.config.parent / "xmo.key"
    missing = [path for path in (config, key) if not path.exists()]
    if not missing:
        raise ConfigError(f"{config} and {key} are there already.", hint="Edit them, or move them away first.")
    loaded = registry.load()
    offered, ways = loaded.kinds(), loaded.channels()
    if unknown := [kind for kind in kinds if kind not in offered and kind not in ways]:
        known = ", ".join([*offered, *ways]) or "none"
        raise ConfigError(f"There is no kind {', '.join(unknown)}.", hint=f"There are: {known}.")
    sources = {kind: offered[kind][1] for kind in kinds or offered if kind in offered}
    # no channel may have the name of a source
    channels = {f"{kind}_channel" if kind in sources else kind: ways[kind][1] for kind in kinds if kind in ways}
    sections = [section for _, section in loaded.sections().values()]
    text = starter(name="Our IT", url="http://127.0.0.1:8080", sources=sources, channels=channels, sections=sections)
    with writing_files():
        if key in missing:
            with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(32) + "\n")
        if config in missing:
            config.write_text(text, encoding="utf-8")
    wrote = " and ".join(map(str, missing))
    click.echo(f"Wrote {wrote}. Next: fill in {config}, then run `xmo check`.")
    click.echo("Back the key up apart from the store: without it, nobody is the same person.")


@click.command()
@AS_JSON
@click.pass_obj
def plugins(surroundings: Surroundings, as_json: bool) -> None:
    """List the plugins that are installed, the files under `[site] rules`, and what is wrong with the broken ones.

    \b
    Example:
      xmo plugins
    """
    found = registry.load(files=one_off.named_in(surroundings.config)).plugins()
    if as_json:
        show_json([asdict(plugin) | {"broken": plugin.broken and plugin.broken.reason} for plugin in found])
    else:
        for plugin in found:
            if broken := plugin.broken:
                _show(Finding(level="error", text=f"{plugin.name}: {broken.reason}", fix=broken.hint))
            else:
                _show(Finding(level="ok", text=f"{plugin.name} {plugin.version}: {', '.join(plugin.hooks)}"))
    if any(plugin.broken for plugin in found):
        sys.exit(FAILED)


@click.command()
@click.argument("only", metavar="[NAME]...", nargs=-1)
@AS_JSON
@click.pass_obj
def check(surroundings: Surroundings, only: Sequence[str], as_json: bool) -> None:
    """Check config, store, sources and channels, and write nothing but an empty store.

    For each source: log-in, rights, fields and states found at the vendor with the state map that would be used, and
    whether its clock agrees with ours. For each channel: whether it could deliver; nothing is sent.

    \b
    Example:
      xmo check
      xmo check corp --json
    """
    office = surroundings.office(sources=True)
    # somebody looks on: what does not answer at once is told at once
    http = replace(office.config.http, max_wait=timedelta(0))
    hasty = replace(office, config=replace(office.config, http=http))
    ways = [name for name in office.config.channels if name in only or not only]
    named = [name for name in only if name not in ways]
    if unknown := [name for name in named if name not in office.config.sources]:
        known = ", ".join([*office.config.sources, *office.config.channels]) or "none"
        raise ConfigError(f"There is no {', '.join(unknown)} in the config.", hint=f"It has: {known}.")
    with (
        connected(hasty, named if only else office.config.sources, Waits()) as sources,
        opened(hasty, ways, Waits()) as channels,
    ):
        found = {"xmo": list(_own(office))}
        found |= {name: list(_source(name, source)) for name, source in sources.items()}
        found |= {name: list(_told(channel.check)) for name, channel in channels.items()}
    if as_json:
        show_json(found)
    else:
        for name, findings in found.items():
            click.secho(name, bold=True)
            for finding in findings:
                _show(finding)
    if any(finding.level == "error" for findings in found.values() for finding in findings):
        sys.exit(FAILED)


def _own(office: Office) -> Iterator[Finding]:
    counts = {"source": len(office.config.sources), "channel": len(office.config.channels)}
    held = ", ".join(f"{n} {what}{'' if n == 1 else 's'}" for what, n in counts.items() if n or what == "source")
    yield Finding(level="ok", text=f"Config {office.config.path}: {held}.")
    for plugin in office.registry.plugins():
        if plugin.broken:
            text = f"Plugin {plugin.name} is broken: {plugin.broken.reason}"
            # while a file that the config names is broken, nobody is asked and every run fails
            named = plugin.name in office.config.site.rules
            yield Finding(level="error" if named else "warning", text=text, fix=plugin.broken.hint)
    for failure in office.registry.failures:
        text = f"Plugin {failure.name} failed at {failure.hook}: {failure.reason}."
        yield Finding(level="warning", text=text, fix=failure.hint)
    if is_loopback(office.config.site.url):
        text = f"Links in questions lead to {office.config.site.url}, which opens on this machine alone."
        yield Finding(level="note", text=text, fix="Set url of [site] to the public address of the pages.")
    yield Finding(level="ok", text=f"Store {office.store.engine.url.render_as_string(hide_password=True)}.")


def _told(check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    try:
        with registry.contract_kept():
            yield from check()
    except XmoError as error:
        yield Finding(level="error", text=str(error), fix=error.hint)


def _source(name: str, source: Connected) -> Iterator[Finding]:
    skew: float | None = None

    def check() -> Iterable[Finding]:
        nonlocal skew
        found, skew = source.check()
        return found

    yield from _told(check)
    if skew is not None and abs(skew) > _SKEW:
        text = f"The clock of {name} is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} ours."
        yield Finding(level="warning", text=text, fix="Set this machine's clock by NTP.")
    elif skew is not None:
        yield Finding(level="ok", text=f"The clocks agree within {abs(skew):.0f} s.")


def _show(finding: Finding) -> None:
    mark, colour = _MARKS[finding.level]
    click.echo(f"  {click.style(mark, fg=colour)} {_wrapped(finding.text)}")
    if finding.fix:
        click.echo(f"    {_wrapped(finding.fix)}")


def _wrapped(text: str) -> str:
    """Break a long line between words where somebody looks on; whatever reads from a pipe gets it whole."""
    if not sys.stdout.isatty():
        return text
    width = shutil.get_terminal_size().columns - 4
    return "\n    ".join(textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False))
