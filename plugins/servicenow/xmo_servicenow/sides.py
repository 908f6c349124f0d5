"""Who acted, as one of three: of who served, nothing else is kept."""

from xmo_hooks import Side
from xmo_servicenow.options import Options

SIDE = "side"  # the key under which an entry of a history holds it, in place of a name
_MACHINES = ("system", "guest")


class Sides:
    """Tells the requester and automata from the desk, by user names."""

    def __init__(self, options: Options) -> None:
        names = (*_MACHINES, options.username, *options.machines)
        self._machines = frozenset(name.lower() for name in names if name)

    def of(self, name: object, requester: object) -> Side:
        """Tell on which side the user of this name is; `requester` is the user name of the ticket's requester."""
        plain = str(name or "").lower()
        if plain and plain == str(requester or "").lower():
            return "requester"
        return "machine" if plain in self._machines else "desk"
