"""The config: one TOML file, checked as a whole, with every mistake told at once."""

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeGuard, TypeVar, cast
from urllib.parse import urlsplit

from marshmallow import Schema, ValidationError, fields

from xmo_core.options import BUDGET, CORE, GROUPS, HttpOptions, LogOptions, SiteOptions, is_loopback
from xmo_core.places import Places
from xmo_core.registry import Broken, Registry, nearest
from xmo_core.secrets import Secret, is_secret, learn_url, redact
from xmo_hooks import ChannelKind, ConfigError, Kind, Site, XmoError

T = TypeVar("T")
K = TypeVar("K", Kind, ChannelKind)
Key = tuple[str, ...]
_TOML_PLACE = re.compile(r" \(at line (\d+), column \d+\)$")


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceConfig:
    """One `[sources.NAME]`: its kind, its pace (in all, and under single paths), how long one step of its plugin may
    take besides what it waits, and the options as the kind's schema loads them."""

    kind: Kind
    options: Any = field(repr=False)
    requests_per_minute: int | None
    limits: Mapping[str, int] = field(default_factory=dict)
    time_budget: timedelta = BUDGET


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelConfig:
    """One `[channels.NAME]`: as a source's, and the sources whose questions it may carry (None: all)."""

    kind: ChannelKind
    options: Any = field(repr=False)
    requests_per_minute: int | None = None
    limits: Mapping[str, int] = field(default_factory=dict)
    time_budget: timedelta = BUDGET
    sources: tuple[str, ...] | None = None


class Sections:
    """The validated sections, by the type each loads to; this is what plugins get as `settings`."""

    def __init__(self, values: Mapping[type, Any]) -> None:
        self._values = values

    def __repr__(self) -> str:
        return f"Sections({sorted(map(repr, self._values.values()))})"  # equal for equal settings, secrets as ***

    def get(self, type_: type[T]) -> T:
        """Return the section that loads to `type_`, or raise `ConfigError`."""
        if type_ not in self._values:
            hint = "`xmo plugins` shows whether the plugin that brings it is broken."
            raise ConfigError(f"No section of the config loads to {type_.__name__}.", hint=hint)
        return cast("T", self._values[type_])


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """The whole config, checked; sources and channels with `enabled = false` are not in it."""

    path: Path
    site: SiteOptions
    store_url: str = field(repr=False)
    http: HttpOptions = field(repr=False)
    log: LogOptions
    sources: Mapping[str, SourceConfig]
    channels: Mapping[str, ChannelConfig] = field(default_factory=dict)
    settings: Sections = field(repr=False)

    def channels_of(self, source: str) -> list[str]:
        """Name the channels that may carry questions about this source's tickets, in the order of the config."""
        return [name for name, one in self.channels.items() if one.sources is None or source in one.sources]

    def asks(self, source: str) -> bool:
        """Say whether people can be asked about this source's tickets: there, or through a channel."""
        return "comment" in self.sources[source].kind.can or bool(self.channels_of(source))


class Mistakes(ConfigError):
    """The config is wrong in these places; the message is the list, one mistake a line."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes), hint="Mend these lines; `xmo check` reads the config again.")
        self.mistakes = tuple(mistakes)


def read(path: Path, registry: Registry, environ: Mapping[str, str] = os.environ, *, sources: bool = True) -> Config:
    """Read and check the config. Called once by every command that needs one; raises `ConfigError`, which names the
    file, the line and the nearest right name of every mistake. Without `sources`, theirs are left alone: to stop the
    asking, nobody needs a vendor's password."""
    if not path.exists():
        raise ConfigError(f"There is no config file {path}.", hint="`xmo init` writes one to start from.")
    try:
        reading = _Reading(path, _text(path), registry, environ)
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        line = f":{place[1]}" if place else ""
        raise Mistakes([f"{path}{line} {_TOML_PLACE.sub('', str(error))}."]) from None
    return reading.config(sources)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text.", hint="Save it as UTF-8.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None


class _Reading:
    """One reading of one file: collects the mistakes on the way, and tells them all at its end."""

    def __init__(self, path: Path, text: str, registry: Registry, environ: Mapping[str, str]) -> None:
        self.path, self.tables, self.places = path, tomllib.loads(text), Places(text)
        self.registry, self.environ = registry, environ
        self.mistakes: list[tuple[int, str]] = []
        self.told: set[Key] = set()

    def config(self, with_sources: bool) -> Config:
        """Check section by section."""
        core = {name: self._section((name,), schema(self.path.parent)) for name, schema in CORE.items()}
        core["store_url"] = core.pop("store")
        values = {section.type: self._section((name,), section.schema()) for name, section in self._sections()}
        sources = self._sources() if with_sources else {}
        channels = self._channels(sources) if with_sources else {}
        if self.mistakes:
            raise Mistakes([text for _, text in sorted(self.mistakes, key=itemgetter(0))])
        site: SiteOptions = core["site"]
        values[Site] = Site(name=site.name, url=site.url)
        for url in (core["store_url"], core["http"].proxy or ""):
            learn_url(url)
        return Config(path=self.path, sources=sources, channels=channels, settings=Sections(values), **core)

    def _sections(self) -> Iterator[tuple[str, Any]]:
        offered = self.registry.sections()
        for name, (plugin, section) in offered.items():
            if name in CORE or name in GROUPS:
                raise ConfigError(f"The plugin {plugin} offers the section [{name}], which belongs to the core.")
            yield name, section
        known = [*CORE, *GROUPS, *offered]
        for name in self.tables:
            if name not in known:
                self._wrong((name,), f"no plugin has such a section{nearest(name, known)}{self._broken()}")

    def _section(self, path: Key, schema: Schema) -> Any:
        table = self.tables.get(path[0], {})
        if not isinstance(table, dict):
            self._wrong(path, f"must be a table: write [{path[0]}] and its options below")
            return None
        return self._load(path, schema, self._resolved(path, table, plain=False))

    def _sources(self) -> dict[str, SourceConfig]:
        read = {name: self._source(("sources", name), table) for name, table in self._enabled("sources").items()}
        return {name: source for name, source in read.items() if source is not None}

    def _source(self, path: Key, table: dict[str, Any]) -> SourceConfig | None:
        if (loaded := self._plugged(path, table, self.registry.kinds())) is None:
            return None
        kind, core, options = loaded
        for unknown in core["limits"].keys() - kind.limits.keys():
            self._wrong((*path, "limits", unknown), f"has no limit of its own{nearest(unknown, kind.limits)}")
        pace, limits = core.get("requests_per_minute", kind.requests_per_minute), {**kind.limits, **core["limits"]}
        budget = core["time_budget"]
        return SourceConfig(kind=kind, options=options, requests_per_minute=pace, limits=limits, time_budget=budget)

    def _channels(self, sources: Iterable[str]) -> dict[str, ChannelConfig]:
        tables = self._enabled("channels")
        read = {name: self._channel(("channels", name), table, [*sources]) for name, table in tables.items()}
        return {name: channel for name, channel in read.items() if channel is not None}

    def _channel(self, path: Key, table: dict[str, Any], sources: Sequence[str]) -> ChannelConfig | None:
        known, only = self._tables("sources"), table.get("sources")
        if path[1] in known:
            self._wrong(path, "a source has this name: give the channel one of its own")
        for unknown in set(only).difference(known) if _texts(only) else ():
            there = nearest(unknown, known) or f"; there are {', '.join(known) or 'none'}"
            self._wrong((*path, "sources"), f'there is no source "{unknown}"{there}')
        if (loaded := self._plugged(path, table, self.registry.channels())) is None:
            return None
        kind, core, options = loaded
        pace, budget = core.get("requests_per_minute", kind.requests_per_minute), core["time_budget"]
        mine = None if core["sources"] is None else tuple(name for name in core["sources"] if name in sources)
        return ChannelConfig(kind=kind, options=options, requests_per_minute=pace, time_budget=budget, sources=mine)

    def _enabled(self, group: str) -> dict[str, dict[str, Any]]:
        if self._tables(group) != self.tables.get(group, {}):
            what = f"give each {group.removesuffix('s')} a name and a table of its own: [{group}.NAME]"
            self._wrong((group,), what)
        return {name: table for name, table in self._tables(group).items() if table.get("enabled", True)}

    def _tables(self, group: str) -> dict[str, dict[str, Any]]:
        """Return the tables of a group, none where it does not hold tables alone."""
        tables = self.tables.get(group, {})
        good = isinstance(tables, dict) and all(isinstance(table, dict) for table in tables.values())
        return tables if good else {}

    def _plugged(
        self, path: Key, table: dict[str, Any], offered: Mapping[str, tuple[str, K]]
    ) -> tuple[K, dict[str, Any], Any] | None:
        """Load the table of a source or a channel: its kind, what any takes, and the kind's own options."""
        if (kind := self._kind(path, table.get("kind"), offered)) is None:
            return None
        schema = GROUPS[path[0]]()
        ours = schema.fields.keys()
        core = self._load(path, schema, {option: table[option] for option in table.keys() & ours})
        rest = {option: value for option, value in table.items() if option not in ours}
        values = self._resolved(path, rest, plain=is_loopback(rest.get("url")))
        url = values.get("url")
        if isinstance(url, str) and "@" in urlsplit(url).netloc:
            self._wrong((*path, "url"), "must not hold a user or a password: they have options of their own")
            return None
        own = kind.schema()
        if hasattr(own, "folder"):
            own.folder = self.path.parent
        options = self._load(path, own, values, also=ours)
        return None if core is None or options is None else (kind, core, options)

    def _kind(self, path: Key, name: object, offered: Mapping[str, tuple[str, K]]) -> K | None:
        what, known = path[0].removesuffix("s"), ", ".join(offered) or "none is installed"
        if not isinstance(name, str):
            self._wrong((*path, "kind"), f"say which kind of {what} this is: {known}")
        elif name not in offered:
            why = self._broken(name) or nearest(name, offered) or f": there are {known}"
            self._wrong((*path, "kind"), f'no plugin has the kind "{name}"{why}')
        else:
            return offered[name][1]
        return None

    def _broken(self, name: str | None = None) -> str:
        """Name the plugins that may be the reason why something is unknown: the one called `name`, else all."""
        broken: list[Broken] = [*self.registry.broken.values(), *self.registry.failures]
        named = [b for b in broken if b.name == name] or broken
        return "".join(f"; the plugin {b.name} is broken: {b.reason}{b.hint and f' ({b.hint})'}" for b in named)

    def _resolved(self, path: Key, value: Any, *, plain: bool) -> Any:
        """Replace references by what they refer to and wrap secrets; `plain`: secrets may stand in the file."""
        match value:
            case {"env": str(name)} if len(value) == 1:
                found = self._variable(path, name)
            case {"file": str(name)} if len(value) == 1:
                found = self._file(path, name)
            case dict():
                return {key: self._resolved((*path, key), inner, plain=plain) for key, inner in value.items()}
            case list():
                return [self._resolved(path, inner, plain=plain) for inner in value]
            case str():
                found = value
                if _is_secret(path) and not plain:
                    self._wrong(path, 'is a secret: write { env = "NAME" } or { file = "NAME" } in place of its value')
            case _:
                return value
        return Secret(found) if found and _is_secret(path) else found

    def _variable(self, path: Key, name: str) -> str | None:
        if not self.environ.get(name):
            self._wrong(path, f"the environment variable {name} is not set")
        return self.environ.get(name) or None

    def _file(self, path: Key, name: str) -> str | None:
        file = self.path.parent / Path(name).expanduser()
        try:
            if content := _text(file).strip():
                return content
            self._wrong(path, f"the file {file} is empty")
        except ConfigError as error:
            self._wrong(path, f"the file {error}")
        return None

    def _load(self, path: Key, schema: Schema, values: Any, also: Iterable[str] = ()) -> Any:
        try:
            return schema.load(values)
        except ValidationError as error:
            for where, message in _flat(error.messages):
                if (*path, *where) not in self.told:
                    self._wrong((*path, *where), self._misfit(where, message, schema, also))
        except (XmoError, ValueError) as error:  # a plugin's own type may refuse a combination of options
            self._wrong(path, str(error))
        return None

    def _misfit(self, where: Key, message: str, schema: Schema, also: Iterable[str]) -> str:
        if message == "Unknown field.":
            return f"there is no such option{nearest(where[-1], [*_options(schema, where[:-1]), *also])}"
        return "is missing" if message == "Missing data for required field." else message

    def _wrong(self, path: Key, what: str) -> None:
        self.told.add(path)
        line = self.places.line(path)
        place = f"{self.path}:{line}" if line else str(self.path)
        self.mistakes.append((line or 0, redact(f"{place} {'.'.join(path)}: {what.rstrip('.')}.")))


def _texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _is_secret(path: Key) -> bool:
    # Options only: a table inside an option maps the vendor's names, and one of these may well be "token".
    return is_secret(path[-1]) and len(path) == (3 if path[0] in GROUPS else 2)


def _flat(messages: Any, path: Key = ()) -> Iterator[tuple[Key, str]]:
    """Yield each message of marshmallow's nested messages with the path of its key."""
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from _flat(inner, path if key == "_schema" else (*path, str(key)))
    elif isinstance(messages, list):
        for inner in messages:
            yield from _flat(inner, path)
    else:
        yield path, str(messages)


def _options(schema: Schema, where: Key) -> list[str]:
    """Name the options that the schema knows at this place, through nested tables."""
    for step in where:
        inner = schema.fields.get(step)
        if isinstance(inner, fields.Nested):
            schema = inner.schema
    return [field_.data_key or name for name, field_ in schema.fields.items()]
