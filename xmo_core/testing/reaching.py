"""What a channel promises about whom it reaches, and what it tells `xmo check`."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from xmo_core.testing.channel_setup import ChannelBench, ChannelSetup
from xmo_core.testing.delivering import ADDRESSES
from xmo_core.testing.kept import attempt
from xmo_core.testing.made import makers
from xmo_core.testing.pure import watched
from xmo_core.testing.tcp import nobody
from xmo_hooks import AuthError, Channel, Contact, Finding, Occasion, XmoError


class ReachTests(ChannelSetup):
    """Whom the channel reaches, and whether it is well."""

    def test_the_person_is_reached(self, bench: ChannelBench) -> None:
        """Who is not reached is asked by a comment in their ticket, and the channel was set up in vain."""
        told = attempt(partial(bench.channel().reaches, self.to, self.occasion()))
        assert told is True, (
            f"`reaches` says {told!r} of `to`, {self.to}: set `to` to somebody whom it reaches, and `occasion` to what "
            "they are asked about."
        )

    def test_not_everybody_is_reached(self, bench: ChannelBench) -> None:
        """Where it says no, the question takes the next way, down to the comment in the ticket: a yes about somebody
        whom it does not reach has the question refused, or lost."""
        if self.unreached is None:
            pytest.skip("Set `unreached`: a Contact whom the channel does not reach, such as one without an address.")
        told = attempt(partial(bench.channel().reaches, self.unreached, self.occasion()))
        assert told is not True, (
            f"`reaches` says True of `unreached`, {self.unreached}: say True only of whom `deliver` can write to."
        )

    def test_anybody_is_reached_or_not(self, bench: ChannelBench) -> None:
        """Vendors leave out what they like: of whoever lacks an address or a name, `reaches` says yes or no. Where it
        raises, the question goes nowhere."""
        for ask in self._asked(bench.channel()):
            told = attempt(ask)
            assert isinstance(told, bool), f"`reaches` says {told!r} with {ask.args}: True or False of anybody."  # type: ignore[attr-defined]

    def test_whom_it_reaches_stays_the_same(self, bench: ChannelBench) -> None:
        """The way is chosen again by each run: memory and chance would send one question by two ways."""
        asked = self._asked(bench.channel())
        first, second = [attempt(ask) for ask in asked], [attempt(ask) for ask in reversed(asked)]
        for one, other in zip(first, reversed(second), strict=True):
            same = one == other or (isinstance(one, Exception) and isinstance(other, Exception))
            assert same, f"`reaches` said {one} and then {other} of the same person: keep nothing between calls."

    def test_whom_it_reaches_is_said_without_asking(self, bench: ChannelBench) -> None:
        """`reaches` is asked of every channel before a question goes out: a request there costs thousands, and tells
        the service of people who are not asked at all."""
        asked = self._asked(bench.channel())
        for ask in asked:
            attempt(ask)  # what is imported on the first use is no matter
        before = bench.clock.looks
        with watched() as seen:
            for ask in asked:
                attempt(ask)
        if bench.clock.looks > before:
            seen.append("the clock (`tools.now`)")
        assert not seen, f"`reaches` uses {seen[0]}: the person and the occasion are all it may look at."

    def test_check_finds_that_all_is_well_and_delivers_nothing(self, bench: ChannelBench) -> None:
        """`xmo check` is run as often as one likes: it says what it has found, and nobody gets a message."""
        before = len(self.texts())
        findings = list(bench.channel().check())
        assert all(isinstance(one, Finding) for one in findings), "`check` yields things that are no Finding."
        errors = [one.text for one in findings if one.level == "error"]
        assert not errors, f"`check` finds errors at your service: {errors[0]}"
        assert any(one.level == "ok" for one in findings), "`check` finds nothing that is well: say what answers."
        bench.cable.hang_up()
        assert len(self.texts()) == before, "`check` has delivered a message: look without writing."

    def test_check_tells_where_nobody_listens(self, bench: ChannelBench) -> None:
        """A wrong address is found by `xmo check`, and not by the first question."""
        with nobody() as address:
            told = _errors(bench.channel(address))
        assert told, "Nobody listened at the service's address, and `check` finds no error: connect, and log in."
        assert not isinstance(told, Exception) or isinstance(told, XmoError), (
            f"Nobody listened at the service's address, and `check` raised {told!r}: raise `Unavailable`."
        )

    def test_check_tells_of_a_refused_log_in(self, refused: ChannelBench) -> None:
        """With a wrong password, `xmo check` says so and says what to do."""
        told = _errors(refused.channel())
        assert told, "The log-in is refused, and `check` finds no error: log in, and let `AuthError` through."
        if isinstance(told, Exception):
            assert isinstance(told, AuthError), f"The log-in is refused, and `check` raises {told!r}: not `AuthError`."
            assert told.hint, f"{told} has no hint: say which options to look at."
            return
        assert all(one.fix for one in told), f'"{told[0].text}" does not say what to do: fill in `fix`.'

    def _asked(self, channel: Channel) -> list[Callable[[], bool]]:
        """Ask whether it reaches all sorts of people."""
        people = [(maker.record(Contact), maker.record(Occasion)) for maker in makers()]
        people += [(replace(self.to, key=one, email=one), self.occasion()) for one in ADDRESSES]
        people += [(replace(self.to, email=None), self.occasion()), (Contact(key=self.to.key), self.occasion())]
        return [partial(channel.reaches, *each) for each in people]


def _errors(channel: Channel) -> list[Finding] | Exception:
    return attempt(lambda: [one for one in channel.check() if one.level == "error"])
