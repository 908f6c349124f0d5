"""What must be known of a site before its tickets can be read: which Jira it is, who we are there, its fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta, timezone, tzinfo
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from xmo_hooks import AuthError, ConfigError, NotFound
from xmo_jira.client import Client, mapping, mappings
from xmo_jira.fields import columns_of
from xmo_jira.options import Options
from xmo_jira.values import text_or_none, user_key

_SERVER_INFO = "/rest/api/2/serverInfo"  # the version that both kinds know
_GATEWAY = "api.atlassian.com"
# Behind all other zones: a time written in it is read as an earlier one anywhere else, and nothing is left out.
_LAST = timezone(-timedelta(hours=12))


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """One Jira. `zone`: in which it reads the dates of our queries (Data Center); `zone_name` None: it does not say.
    `url`: where people open it."""

    cloud: bool
    url: str
    zone: tzinfo
    zone_name: str | None

    @property
    def api(self) -> str:
        """The path of the platform's API: version 3 is that of Cloud alone."""
        return "/rest/api/3" if self.cloud else "/rest/api/2"


def look(client: Client, options: Options) -> Site:
    """Ask a site who it is and who we are. Called at the beginning of every fetch, for Data Center answers a wrong
    log-in with what anybody may see. Raises `AuthError` where we are nobody, `ConfigError` where there is no Jira."""
    info = {} if options.deployment and not _needs_address(options) else mapping(_found(client, _SERVER_INFO), "itself")
    kind = options.deployment or ("cloud" if info.get("deploymentType") == "Cloud" else "server")
    me = mapping(_found(client, f"/rest/api/{3 if kind == 'cloud' else 2}/myself"), "the account")
    if user_key(me) is None:
        raise AuthError("Jira does not say who we are: the log-in was not accepted.", hint="Check the log-in.")
    name = text_or_none(me.get("timeZone"))
    zone = _zone(name)
    url = options.site_url or (str(info.get("baseUrl", options.url)) if _needs_address(options) else options.url)
    return Site(cloud=kind == "cloud", url=url.rstrip("/"), zone=zone or _LAST, zone_name=name if zone else None)


def facts(client: Client, site: Site, changes: Sequence[str]) -> dict[str, Any]:
    """Ask for the fields and statuses of a site, as JSON that goes with each row: a row may be parsed much later, out
    of quarantine. `changes`: the fields whose history is read; their names, for Data Center calls them by those."""
    fields = mappings(client.get(f"{site.api}/field"), "fields")
    statuses = mappings(client.get(f"{site.api}/status"), "statuses")
    return {
        "url": site.url,
        "columns": columns_of(fields),
        "names": {one["id"]: one.get("name") for one in fields if one.get("id") in changes},
        "categories": {str(one.get("id")): category_of(one) for one in statuses},
    }


def category_of(status: Any) -> str | None:
    """Return the key of a status' category, None where it shows none."""
    category = status.get("statusCategory") if isinstance(status, Mapping) else None
    return text_or_none(category.get("key")) if isinstance(category, Mapping) else None


def _found(client: Client, path: str) -> Any:
    try:
        return client.get(path)
    except NotFound as error:
        raise ConfigError(
            f"There is no Jira at the url of the source, or not the one that it should be: it has no {path}.",
            hint="Data Center often stands under a path, as in https://jira.example.com/jira: write it in `url`. Where "
            "`deployment` is set, look whether it is right.",
        ) from error


def _needs_address(options: Options) -> bool:
    return not options.site_url and urlsplit(options.url).hostname == _GATEWAY


def _zone(name: str | None) -> tzinfo | None:
    if name is None or name in ("UTC", "GMT", "Etc/UTC"):  # known also where no time zones are installed
        return UTC if name else None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
