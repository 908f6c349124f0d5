"""Tickets that a site no longer has. That a search does not show one is no proof: its index may lag behind."""

from collections.abc import Sequence

from xmo_hooks import Forbidden, NotFound
from xmo_jira.client import Client
from xmo_jira.site import Site

LOOKS = 50


def gone(client: Client, site: Site, lost: Sequence[str]) -> list[str]:
    """Return which of the tickets that the search does not show are gone when each is asked for by itself: not those
    that are there, and not those that the site refuses to show (403). Most sites answer 404 for hidden ones as well.

    At most `LOOKS` are asked for, evenly chosen, so that a right that was taken away does not cost a request for each
    ticket. Where there are more and every one asked for is gone, the search was right each time, and the rest is
    called gone on its word; whoever sweeps all tickets has to see that it is most of them. Where one is not gone, the
    search is not believed: only those asked for are called gone.
    """
    chosen = lost[:: max(1, -(-len(lost) // LOOKS))]
    proven = [key for key in chosen if _is_gone(client, site, key)]
    return list(lost) if len(proven) == len(chosen) else proven


def _is_gone(client: Client, site: Site, key: str) -> bool:
    try:
        client.get(f"{site.api}/issue/{key}", {"fields": "updated"})
    except NotFound:
        return True
    except Forbidden:
        return False
    return False
