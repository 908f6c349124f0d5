"""The contract of XMO: everything a plugin needs, and nothing of the core.

`CONTRACT` is (major, minor). A plugin may say `XMO_CONTRACT = (1, 1)`; the core refuses another major or a later minor.
"""

from xmo_hooks.cursors import *
from xmo_hooks.errors import *
from xmo_hooks.records import *
from xmo_hooks.services import *
from xmo_hooks.specs import *

CONTRACT = (1, 1)
