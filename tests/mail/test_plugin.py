"""The entry point: light, and offers what it should."""

import subprocess
import sys

import pluggy

from tests.mail.support import Told, channel, options
from xmo_hooks import CONTRACT, ChannelKind, Tools, specs
from xmo_mail import plugin
from xmo_mail.channel import Mail
from xmo_mail.options import OptionsSchema


def test_the_entry_point_loads_nothing_heavy() -> None:
    code = (
        "import sys, xmo_mail.plugin as p; list(p.xmo_channels()); "
        "print(sorted({'smtplib', 'ssl', 'idna', 'email.message', 'requests', 'marshmallow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_hooks_are_those_of_the_contract() -> None:
    manager = pluggy.PluginManager("xmo")
    manager.add_hookspecs(specs)
    manager.register(plugin)
    manager.check_pending()
    ((kind,),) = manager.hook.xmo_channels()
    assert isinstance(kind, ChannelKind)
    assert (kind.name, kind.requests_per_minute) == ("mail", None)
    assert isinstance(kind.schema(), OptionsSchema)
    assert plugin.XMO_CONTRACT <= CONTRACT


def test_making_a_channel_connects_nothing() -> None:
    tools = channel()._tools
    assert isinstance(tools, Tools)
    assert isinstance(tools.log, Told)
    assert isinstance(plugin.make_channel(options(port=1), tools), Mail)
