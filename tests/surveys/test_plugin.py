import subprocess
import sys

import pluggy
from marshmallow import Schema

import xmo_hooks
from tests.surveys.conftest import NOW, Fixed, MemoryDesk, invitation, occasion
from xmo_hooks import Ask, Ledger, Message, Site
from xmo_surveys import plugin
from xmo_surveys.options import Survey

SETTINGS = Fixed(Site(name="Northwind IT", url="https://xmo.example.org"), Survey(sample=0.5))


def test_the_plugin_answers_its_hooks_by_their_specified_arguments() -> None:
    manager = pluggy.PluginManager("xmo")
    manager.add_hookspecs(xmo_hooks)
    manager.register(plugin)
    manager.check_pending()
    votes = manager.hook.xmo_decide(occasion=occasion(), ledger=Ledger(), now=NOW, settings=SETTINGS)
    assert votes == [Ask(rule="surveys.resolution", probability=0.5)]
    assert isinstance(manager.hook.xmo_compose(invitation=invitation(), settings=SETTINGS), Message)
    ((mount,),) = manager.hook.xmo_pages(desk=MemoryDesk(), settings=SETTINGS)
    assert mount.path == "/a"


def test_the_section_loads_to_the_type_that_it_names() -> None:
    (section,) = plugin.xmo_sections()
    schema = section.schema()
    assert isinstance(schema, Schema)
    assert section.name == "survey"
    assert isinstance(schema.load({"quiet_period": "14d"}), section.type)


def test_the_plugin_is_written_for_this_contract() -> None:
    assert plugin.XMO_CONTRACT <= xmo_hooks.CONTRACT


def test_importing_the_plugin_does_not_import_what_only_the_pages_need() -> None:
    code = "import sys, xmo_surveys.plugin; print([m for m in ('flask', 'jinja2', 'werkzeug') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
