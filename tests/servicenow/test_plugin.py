"""The entry point: light, and offers what it should."""

import subprocess
import sys

import pluggy

from xmo_hooks import CONTRACT, Kind, specs
from xmo_servicenow import plugin
from xmo_servicenow.options import OptionsSchema


def test_the_entry_point_loads_nothing_heavy() -> None:
    code = (
        "import sys, xmo_servicenow.plugin as p; list(p.xmo_sources()); "
        "print(sorted({'pysnow', 'requests', 'marshmallow', 'flask'} & set(sys.modules)))"
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
    assert (kind.name, kind.can) == ("servicenow", frozenset({"comment", "restart", "hear"}))
    assert isinstance(kind.schema(), OptionsSchema)
    assert sandbox.name == "servicenow"
    assert plugin.XMO_CONTRACT <= CONTRACT
