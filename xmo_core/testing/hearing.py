"""What a source promises that hears webhooks: it believes what its vendor signed, lately, and nothing else."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from xmo_core.testing.bench import Bench
from xmo_core.testing.kept import Kept, attempt
from xmo_core.testing.pure import watched
from xmo_core.testing.setup import Setup
from xmo_hooks import Call, Heard, Refused, Source

_DAY = timedelta(days=1)
_LATE = 2 * 86_400.0  # seconds after which nothing may be believed any more
_PLACES = 40  # of a body that are damaged, about
_CODE = re.compile(r"[A-Za-z0-9+/_-]{16,}")


class HearTests(Setup):
    """Hearing."""

    @pytest.fixture
    def webhook(self, bench: Bench, whole: Kept) -> Call:
        """Have a ticket told of by the vendor, where this kind hears."""
        if "hear" not in bench.kind.can:
            pytest.skip('This kind does not declare the capability "hear".')
        call = self.call(bench.url, next(iter(whole.tickets)))
        if call is None:
            pytest.skip(
                "Write `def call(self, url, key)`: return the `Call` of a webhook about that ticket, signed as the "
                "vendor does with the secret that stands in `options`."
            )
        return replace(call, headers={name.lower(): value for name, value in call.headers.items()})

    def test_a_webhook_names_its_ticket_and_nothing_else(self, bench: Bench, whole: Kept, webhook: Call) -> None:
        """A webhook only names the ticket to fetch, at once and without a request: nothing else in it is believed."""
        source, key = bench.source(), next(iter(whole.tickets))
        heard, asked = _hear(source, webhook), len(bench.wire.calls)
        assert isinstance(heard, Heard), f"`hear` met the webhook of `call` with {heard!r}: it must be heard."
        assert list(heard.keys) == [key], f"The webhook is about ticket {key}, and `hear` names {list(heard.keys)}."
        of_now = heard.at is None or abs(heard.at - bench.clock.now()) < _DAY
        assert of_now, f"It is {bench.clock.now()}, and `hear` takes a webhook of now for one of {heard.at}."
        with watched() as seen:
            _hear(source, webhook)
        assert not seen, f"`hear` uses {seen[0]}: it needs its arguments, and `now` of the tools."
        assert len(bench.wire.calls) == asked, f"`hear` sent {bench.wire.calls[-1]}: it asks nobody."

    def test_a_webhook_with_another_signature_is_refused(self, bench: Bench, webhook: Call) -> None:
        """Whoever knows the address can send anything: only the signature tells the vendor from all others."""
        source = bench.source()
        honest = _hear(source, webhook)
        name, span = _signature(webhook)
        for header, value in webhook.headers.items():
            for place, other in _changed(value):
                told = _hear(source, replace(webhook, headers={**webhook.headers, header: other}))
                signed = header == name and place in span
                assert isinstance(told, Refused) or (told == honest and not signed), (
                    f"The header {header} was changed at character {place + 1}, and `hear` gave {told!r}: compare the "
                    "whole signature as bytes, with `hmac.compare_digest`, and raise `Refused`."
                )

    def test_a_webhook_without_a_signature_is_refused(self, bench: Bench, webhook: Call) -> None:
        """What is not signed is anybody's: no signature is no proof."""
        _forged(bench.source(), replace(webhook, headers={}), "The webhook came without any header")

    def test_a_webhook_whose_body_was_changed_is_refused(self, bench: Bench, webhook: Call) -> None:
        """The signature is over the body, byte for byte, and is compared before the body is read: what nobody has
        proven may hold anything."""
        source, body = bench.source(), webhook.body
        places = range(0, len(body), max(1, len(body) // _PLACES))
        others = [body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :] for at in places]
        for other in (*others, b"", body[:-1], body + b" ", b" " + body, body + body, b"\xff" + body[1:]):
            _forged(source, replace(webhook, body=other), f"After signing, the body became {other[:200]!r}")

    def test_an_old_webhook_is_refused(self, bench: Bench, webhook: Call) -> None:
        """Whoever has read a webhook somewhere can send it again: where a time is signed, it is good for a day at the
        most."""
        source = bench.source()
        if (heard := source.hear(webhook)).at is None:  # type: ignore[attr-defined]
            pytest.skip(f"Your vendor signs no time: {heard} has none.")
        bench.clock.sleep(_LATE)
        told = _hear(source, webhook)
        assert _reason(told) == "expired", (
            f"A webhook was sent again after two days, and `hear` gave {told!r}: compare the time that is signed with "
            '`now` of the tools, and raise `Refused` with the reason "expired".'
        )


def _hear(source: Source, call: Call) -> object:
    return attempt(lambda: source.hear(call))  # type: ignore[attr-defined]


def _forged(source: Source, call: Call, what: str) -> None:
    told = _hear(source, call)
    assert _reason(told) == "forged", (
        f"{what}, and `hear` gave {told!r}: compare the signature before anything else, and raise `Refused` with the "
        'reason "forged".'
    )


def _reason(told: object) -> str:
    return told.reason if isinstance(told, Refused) else ""


def _signature(call: Call) -> tuple[str, range]:
    """Return which header holds the signature, and where: it is the longest code of all."""
    codes = [(name, found.span()) for name, value in call.headers.items() for found in _CODE.finditer(value)]
    assert codes, "The webhook of `call` has no header that could hold a signature."
    name, span = max(codes, key=lambda one: one[1][1] - one[1][0])
    return name, range(*span)


def _changed(value: str) -> Iterator[tuple[int, str]]:
    """Yield a header with each of its characters changed, and with one too many; far enough for any base64."""
    for at, one in enumerate(value):
        yield at, value[:at] + ("a" if one.isdigit() else "0") + value[at + 1 :]
    yield len(value), f"{value}é"
