"""The conformance kit: inherit from one class, name your plugin, and get what it promises as pytest tests.

    from xmo_core.testing import SourceTests

    class TestAcorn(SourceTests):
        kind = "acorn"
        options = {"token": "for-tests"}

        def desk(self):
            return make_a_wsgi_app()

`SourceTests` is for sources, `ChannelTests` for channels, `TriggerTests`, `ScoreTests` and `WordsTests` are for the
hooks that decide, and `Canned` makes a desk of canned replies. See docs/conformance.md. Needs pytest, as nothing else
in XMO does.
"""

from importlib.util import find_spec

if find_spec("pytest") is None:
    raise ModuleNotFoundError(
        "xmo_core.testing holds pytest tests, and pytest is not installed: pip install 'xmo-core[testing]'",
        name="pytest",
    )

from xmo_core.testing.canned import Canned
from xmo_core.testing.channels import ChannelTests
from xmo_core.testing.rules import ScoreTests, TriggerTests, WordsTests
from xmo_core.testing.sources import SourceTests

__all__ = ["Canned", "ChannelTests", "ScoreTests", "SourceTests", "TriggerTests", "WordsTests"]
