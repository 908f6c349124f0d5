"""The entry point: light, and offers what it should."""

import subprocess
import sys

import pluggy

from xmo_hooks import CONTRACT, Kind, specs
from xmo_zendesk import plugin
from xmo_zendesk.options import OptionsSchema


def test_the_entry_point_loads_nothing_heavy() -> None:
    code = (
        "import sys, xmo_zendesk.plugin as p; list(p.xmo_sources()); list(p.xmo_sandboxes()); "
        "print(sorted({'requests', 'marshmallow', 'flask'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_hooks_are_those_of_the_contract() -> None:
    manager = pluggy.PluginManager("xmo")
    manager.add_hookspecs(specs)
    manager.register(plugin)
    manager.check_pending()
    ((kind,),) = manager.hook.xmo_sources()
    ((sandbox,),) = manager.hook.xmo_sandboxes()
    assert isinstance(kind, Kind)
    assert (kind.name, kind.can) == ("zendesk", frozenset({"comment", "hear"}))
    assert isinstance(kind.schema(), OptionsSchema)
    assert sandbox.name == "zendesk"
    assert plugin.XMO_CONTRACT <= CONTRACT


def test_the_limits_are_those_of_the_smallest_plan() -> None:
    (kind,) = plugin.xmo_sources()
    assert (kind.requests_per_minute, kind.limits) == (200, {"/api/v2/incremental/": 10})
