"""The entry point: light, and offers what it should."""

import subprocess
import sys

import pluggy

from xmo_hooks import CONTRACT, Kind, specs
from xmo_jira import plugin
from xmo_jira.options import OptionsSchema


def test_the_entry_point_loads_nothing_heavy() -> None:
    code = (
        "import sys, xmo_jira.plugin as p; list(p.xmo_sources()); list(p.xmo_sandboxes()); "
        "print(sorted({'zoneinfo', 'requests', 'marshmallow', 'flask'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_hooks_are_those_of_the_contract() -> None:
    manager = pluggy.PluginManager("xmo")
    manager.add_hookspecs(specs)
    manager.register(plugin)
    manager.check_pending()
    ((kind,),) = manager.hook.xmo_sources()
    (sandboxes,) = manager.hook.xmo_sandboxes()
    assert isinstance(kind, Kind)
    assert [sandbox.name for sandbox in sandboxes] == ["jira", "jira-server"]
    assert (kind.name, kind.can) == ("jira", frozenset({"comment", "gone", "hear"}))
    assert isinstance(kind.schema(), OptionsSchema)
    assert plugin.XMO_CONTRACT <= CONTRACT
