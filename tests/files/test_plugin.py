"""The entry point: light, and offers what it should."""

import subprocess
import sys

import pluggy

from xmo_files import plugin
from xmo_files.options import OptionsSchema
from xmo_hooks import CONTRACT, Kind, specs


def test_the_entry_point_loads_nothing_heavy() -> None:
    code = (
        "import sys, xmo_files.plugin as p; list(p.xmo_sources()); "
        "print(sorted({'csv', 'gzip', 'zoneinfo', 'requests', 'marshmallow', 'flask'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_hooks_are_those_of_the_contract() -> None:
    manager = pluggy.PluginManager("xmo")
    manager.add_hookspecs(specs)
    manager.register(plugin)
    manager.check_pending()
    ((kind,),) = manager.hook.xmo_sources()
    assert isinstance(kind, Kind)
    assert (kind.name, kind.can, kind.requests_per_minute) == ("files", frozenset(), None)
    assert isinstance(kind.schema(), OptionsSchema)
    assert plugin.XMO_CONTRACT <= CONTRACT
