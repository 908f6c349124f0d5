"""What every source promises, as tests to inherit."""

from xmo_core.testing.abilities import AbilityTests
from xmo_core.testing.discretion import DiscretionTests
from xmo_core.testing.fetching import FetchTests
from xmo_core.testing.hearing import HearTests
from xmo_core.testing.rows import RowTests
from xmo_core.testing.trouble import TroubleTests
from xmo_core.testing.writing import CommentTests


class SourceTests(FetchTests, RowTests, TroubleTests, CommentTests, AbilityTests, HearTests, DiscretionTests):
    """Inherit from this, name your `kind` (or your `plugin`), its `options`, and a `desk` to ask."""
