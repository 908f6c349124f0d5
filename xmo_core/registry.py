"""The plugins: found by entry points of group `xmo.plugins`, each loaded and called by itself."""

import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import metadata
from inspect import Parameter, signature
from types import ModuleType
from typing import Any, TypeVar

import pluggy

import xmo_hooks
import xmo_hooks.specs
from xmo_core.logs import get as get_log
from xmo_core.one_off import RuleFile
from xmo_core.patience import TookTooLongError, at_most
from xmo_core.results import misfit
from xmo_core.secrets import redact
from xmo_hooks import ChannelKind, ConfigError, Kind, Sandbox, Section, Unavailable, XmoError

log = get_log("xmo.plugins")
GROUP = "xmo.plugins"
IMPORT_SECONDS, HOOK_SECONDS, VOTE_SECONDS = 10, 300, 10
# Called while the store is locked for writing, for which others wait half a minute.
_IN_TRANSACTION = frozenset({"xmo_decide", "xmo_compose", "xmo_score"})
T = TypeVar("T", Kind, ChannelKind, Section, Sandbox)
Impl = tuple[str, Callable[..., Any], tuple[str, ...]]


@dataclass(kw_only=True, slots=True)
class Broken:
    """A plugin that could not be loaded, or (`hook` says which) whose hook raised, so many `times`."""

    name: str
    reason: str
    hint: str = ""
    hook: str = ""
    times: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Plugin:
    """One line of `xmo plugins`."""

    name: str
    version: str
    hooks: Sequence[str]
    broken: Broken | None = None


OnFailure = Callable[[Broken], None]


class Unfit(Exception):
    """A plugin module that was imported but does not keep the contract: the message says why."""


class Registry:
    """The loaded plugins. `broken` holds those that could not be loaded, `failures` the hooks that raised since."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager("xmo")
        self._manager.add_hookspecs(xmo_hooks.specs)
        self._versions: dict[str, str] = {}
        self._bound: dict[str, list[Impl]] = {}
        self._offers: dict[str, dict[str, tuple[str, Any]]] = {}
        self._failures: dict[tuple[str, str, str], Broken] = {}
        self._late: dict[tuple[str, str], Broken] = {}
        self.broken: dict[str, Broken] = {}

    @property
    def failures(self) -> list[Broken]:
        """Name the hooks that raised since loading: one entry for each plugin, hook and reason."""
        return list(self._failures.values())

    def add(self, name: str, module: ModuleType, version: str = "") -> None:
        """Register one imported plugin, or raise `Unfit`. Called by `load`, and by tests that bring a plugin."""
        _check_contract(getattr(module, "XMO_CONTRACT", None))
        if self._manager.has_plugin(name) or self._manager.is_registered(module):
            raise Unfit("another plugin has the same name or is the same module")
        self._check_arguments(module)
        try:
            self._manager.register(module, name=name)
            self._check(module)
        except (Unfit, pluggy.PluginValidationError) as error:
            if self._manager.is_registered(module):
                self._manager.unregister(module)
            raise Unfit(" ".join(str(error).split())) from None
        self._versions[name] = version
        self._bound.clear()
        self._offers.clear()

    def each(self, hook: str, on_failure: OnFailure | None = None, /, **args: Any) -> Iterator[tuple[str, Any]]:
        """Call each plugin's `hook` by itself and yield its name and result, where it has one. A plugin that raises,
        hangs or returns what it must not stops no other: it is noted in `failures` and told to `on_failure`."""
        for name, function, wanted in self._bound.get(hook) or self._bind(hook):
            result, failure = self._result(name, hook, function, [args[arg] for arg in wanted])
            if failure is None and result is not None:
                yield name, result
            elif failure is not None and on_failure is not None:
                on_failure(failure)

    def _result(self, name: str, hook: str, function: Callable[..., Any], args: list[Any]) -> tuple[Any, Broken | None]:
        """Call one plugin's hook; returns its result, or how it failed."""
        if late := self._late.get((name, hook)):  # it would be late again, for each of thousands
            late.times += 1
            return None, late
        try:
            with at_most(VOTE_SECONDS if hook in _IN_TRANSACTION else HOOK_SECONDS):
                result = function(*args)
                if hasattr(result, "__next__"):
                    result = list(result)
                reason = "" if result is None else misfit(hook, result)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything, and must not stop the others
            failure = self._fail(name, hook, place_of(error), error)
            if isinstance(error, TookTooLongError):
                self._late[name, hook] = failure
            return None, failure
        return result, self._fail(name, hook, reason) if reason else None

    def call(self, hook: str, on_failure: OnFailure | None = None, /, **args: Any) -> list[tuple[str, Any]]:
        """Call `hook` on every plugin and return all results; see `each`."""
        return list(self.each(hook, on_failure, **args))

    def kinds(self) -> dict[str, tuple[str, Kind]]:
        """Return the kinds of sources by name, each with the plugin that offers it. Raises `ConfigError`."""
        return self._offered("xmo_sources", Kind)

    def channels(self) -> dict[str, tuple[str, ChannelKind]]:
        """Return the kinds of channels by name, each with the plugin that offers it. Raises `ConfigError`."""
        return self._offered("xmo_channels", ChannelKind)

    def sections(self) -> dict[str, tuple[str, Section]]:
        """Return the plugins' config sections by name, each with its plugin. Raises `ConfigError`."""
        return self._offered("xmo_sections", Section)

    def sandboxes(self) -> dict[str, tuple[str, Sandbox]]:
        """Return the sandboxes by name, each with its plugin. Raises `ConfigError`."""
        return self._offered("xmo_sandboxes", Sandbox)

    def plugins(self) -> list[Plugin]:
        """List every plugin that was found, the broken ones too, by name."""
        manager = self._manager
        hooks = {n: sorted(c.name for c in manager.get_hookcallers(p) or []) for n, p in manager.list_name_plugin()}
        found = [Plugin(name=n, version=v, hooks=hooks[n]) for n, v in self._versions.items()]
        found += [Plugin(name=n, version="", hooks=(), broken=b) for n, b in self.broken.items()]
        return sorted(found, key=lambda plugin: plugin.name)

    def _bind(self, hook: str) -> list[Impl]:
        found = reversed(getattr(self._manager.hook, hook).get_hookimpls())
        self._bound[hook] = [(impl.plugin_name, impl.function, impl.argnames) for impl in found]
        return self._bound[hook]

    def _check_arguments(self, module: ModuleType) -> None:
        """Refuse an argument that no spec has, in words that its author knows; pluggy's are its own."""
        for hook, spec in vars(xmo_hooks.specs).items():
            function = getattr(module, hook, None)
            if not hook.startswith("xmo_") or self._manager.parse_hookimpl_opts(module, hook) is None:
                continue
            known = signature(spec).parameters
            given = signature(function).parameters.values() if callable(function) else ()
            # as pluggy does: what has a default is the plugin's own
            asked = [
                one.name for one in given if one.kind is Parameter.POSITIONAL_OR_KEYWORD and one.default is one.empty
            ]
            for argument in asked:
                if argument not in known:
                    there = f"; there are {', '.join(known)}" if known else "; it takes none"
                    raise Unfit(f"{hook} is handed no {argument}{nearest(argument, known) or there}")

    def _check(self, module: ModuleType) -> None:
        for caller in self._manager.get_hookcallers(module) or []:
            if not caller.has_spec():
                known = [n for n in vars(xmo_hooks.specs) if n.startswith("xmo_")]
                raise Unfit(f"there is no hook {caller.name}{nearest(caller.name, known)}")
            if any(i.wrapper or i.hookwrapper for i in caller.get_hookimpls() if i.plugin is module):
                raise Unfit(f"{caller.name} is a wrapper: each plugin is called by itself, there is nothing to wrap")

    def _offered(self, hook: str, type_: type[T]) -> dict[str, tuple[str, T]]:
        if hook not in self._offers:
            offers: dict[str, tuple[str, Any]] = {}
            for plugin, things in self.each(hook):
                for thing in things:
                    if thing.name in offers:
                        both = f"The plugins {offers[thing.name][0]} and {plugin} both offer"
                        what = f'the {type_.__name__.lower()} "{thing.name}"'
                        raise ConfigError(f"{both} {what}.", hint="Uninstall one of them.")
                    offers[thing.name] = plugin, thing
            self._offers[hook] = offers
        return self._offers[hook]

    def _fail(self, plugin: str, hook: str, reason: str, error: BaseException | None = None) -> Broken:
        hint = error.hint if isinstance(error, XmoError) else ""
        failure = Broken(name=plugin, hook=hook, reason=reason, hint=hint, times=0)
        failure = self._failures.setdefault((plugin, hook, reason), failure)
        failure.times += 1
        return failure


def load(found: Iterable[metadata.EntryPoint] | None = None, files: Iterable[RuleFile] = ()) -> Registry:
    """Import every plugin that is installed (or `found`) and those `files`; register what keeps the contract.

    Called once by each command that needs plugins. One that cannot be loaded stops no other: it is named in `broken`.
    """
    registry = Registry()
    points: list[metadata.EntryPoint | RuleFile] = [*(metadata.entry_points(group=GROUP) if found is None else found)]
    points += files
    for point in sorted(points, key=lambda p: p.name, reverse=True):  # pluggy calls the last one registered first
        try:
            with at_most(IMPORT_SECONDS):
                module = point.load()
            registry.add(point.name, module, _version(point))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything at import, and must not stop the others
            reason, hint = _why(point, error)
            registry.broken[point.name] = Broken(name=point.name, reason=reason, hint=hint)
    return registry


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ` (did you mean "…"?)` with the known word that is nearest, or nothing."""
    near = get_close_matches(word, list(known), n=1)
    return f' (did you mean "{near[0]}"?)' if near else ""


def place_of(error: BaseException) -> str:
    """Say what was raised and where. The message of an unexpected error may quote a person's data: it is left out."""
    if isinstance(error, XmoError):
        return redact(str(error))
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {frame.name}, line {frame.lineno}"


class ContractBrokenError(Unavailable):
    """A source or a channel raised what the contract does not know: a fault of its plugin, named even if it was but
    one."""


@contextmanager
def contract_kept() -> Iterator[None]:
    """Turn what a source raises against the contract into `ContractBrokenError`, so that it stops no other source. The
    message of such an error may quote a person's data; its type and place never do."""
    try:
        yield
    except XmoError:
        raise
    except Exception as error:
        log.debug("source failed", exc_info=True)
        hint = "`xmo --verbose` logs the traceback."
        raise ContractBrokenError(f"The plugin failed: {place_of(error)}.", hint=hint) from error


def _check_contract(version: object) -> None:
    match version:
        case None:
            return
        case (int(major), int(minor)):
            if major != xmo_hooks.CONTRACT[0] or minor > xmo_hooks.CONTRACT[1]:
                ours = ".".join(map(str, xmo_hooks.CONTRACT))
                raise Unfit(f"it is written for contract {major}.{minor}, and this XMO keeps contract {ours}")
        case _:
            raise Unfit(f"XMO_CONTRACT must be two whole numbers such as {xmo_hooks.CONTRACT}, not {version!r}")


def _version(point: metadata.EntryPoint | RuleFile) -> str:
    if isinstance(point, RuleFile):
        return point.version
    return point.dist.version if point.dist else ""


def _why(point: metadata.EntryPoint | RuleFile, error: BaseException) -> tuple[str, str]:
    """Say why a plugin cannot be loaded, and what to do about it."""
    mend = f"Mend the file, or take it out of {point.named_at}." if isinstance(point, RuleFile) else ""
    if isinstance(error, Unfit):
        return str(error), mend or "Ask its maker for a version that fits, or uninstall it."
    if mend and isinstance(error, FileNotFoundError):
        return f"there is no file {error.filename}", mend
    if not isinstance(error, ModuleNotFoundError):
        kind = "" if isinstance(error, ImportError | XmoError) else f"{type(error).__name__}: "
        return f"its import failed: {kind}{redact(str(error))}", mend
    module = error.name or ""
    if f"{point.module}.".startswith(f"{module}."):
        return f"its module {point.module} is not there", "Install it again."
    extras = (point.dist.metadata.get_all("Provides-Extra") or []) if point.dist else []
    what = f"{point.dist.name}[{point.name}]" if point.dist and point.name in extras else module.partition(".")[0]
    return f"it needs the module {module}, which is not installed", f"pip install '{what}'"
