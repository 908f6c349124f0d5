"""What a plugin's class works with: the session, the log, the clock, and the log-in by tokens."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from random import Random
from threading import Lock
from typing import TYPE_CHECKING

from xmo_core.logs import get as get_log
from xmo_hooks import Grant, Log, Tools

if TYPE_CHECKING:
    from requests.auth import AuthBase

    from xmo_core.config import ChannelConfig, SourceConfig
    from xmo_core.http import Session, Wait
    from xmo_core.office import Office


class Workshop:
    """The tools of one source or channel, made when they are first used. `section` of the config is named in what an
    admin reads."""

    def __init__(
        self, office: Office, section: str, config: SourceConfig | ChannelConfig, on_wait: Callable[[Wait], None]
    ) -> None:
        self._office, self._section, self._config, self._on_wait = office, section, config, on_wait
        self.renewing = Lock()  # held while a token is renewed: who ends the process waits for that

    @cached_property
    def session(self) -> Session:
        """Return the one session."""
        from xmo_core.http import Session

        return Session(
            name=self._name,
            section=self._section,
            options=self._office.config.http,
            requests_per_minute=self._config.requests_per_minute,
            limits=self._config.limits,
            now=self._office.wall,
            log=self._log,
            on_wait=self._on_wait,
            random=Random(),  # noqa: S311 - jitter, no secret
        )

    @property
    def tools(self) -> Tools:
        """Return what is handed to the plugin's class."""
        return Tools(session=self.session, now=self._office.now, log=self._log, oauth=self._oauth)

    @property
    def _name(self) -> str:
        return self._section.partition(".")[2]

    @property
    def _log(self) -> Log:
        what = self._section.partition(".")[0].removesuffix("s")
        log: Log = get_log(f"xmo.{what}").bind(**{what: self._name})
        return log

    def _oauth(self, grant: Grant) -> AuthBase:
        from xmo_core.oauth import OAuth

        return OAuth(grant, self.session, self._office.store, self._name, self._office.wall, self.renewing)
