"""The kit's promises for channels: a small channel keeps them, and each way to break one is told by its test."""

import base64
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from tests.conformance import birch
from xmo_core.testing import ChannelTests
from xmo_core.testing.channel_setup import ChannelBench, question
from xmo_hooks import Contact, Finding, Message, NotFound, Occasion, Receipt, Unavailable, XmoError


class TestBirch(ChannelTests):
    plugin = birch.offering(birch.Birch)
    options = MappingProxyType({"token": "t0ken-for-tests"})
    unreached = Contact(key="oak", name="Oak Example")
    stranger = Contact(key="nobody", email="nobody@example.com", name="Nobody Example")

    def service(self) -> birch.Chat:
        self.chat = birch.Chat("t0ken-for-tests")
        return self.chat

    def arrived(self) -> list[str]:
        return [sent["text"] for sent in self.chat.arrived]

    def inbox(self, to: Contact) -> list[str]:
        return [sent["text"] for sent in self.chat.arrived if sent["to"] == to.email]

    def refusing(self) -> birch.Chat:
        return birch.Chat("another-token")


class Twice(birch.Birch):
    def deliver(self, to: Contact, message: Message) -> Receipt:
        try:
            return super().deliver(to, message)
        except Unavailable:
            return super().deliver(to, message)


class Hopeful(birch.Birch):
    def deliver(self, to: Contact, message: Message) -> Receipt:
        try:
            return super().deliver(to, message)
        except Unavailable as error:
            if not error.reached:
                raise
            return Receipt(reference="?")


class Sure(birch.Birch):
    def deliver(self, to: Contact, message: Message) -> Receipt:
        try:
            return super().deliver(to, message)
        except Unavailable as error:
            error.reached = False
            raise


class Doubtful(birch.Birch):
    def deliver(self, to: Contact, message: Message) -> Receipt:
        try:
            return super().deliver(to, message)
        except Unavailable as error:
            error.reached = True
            raise


class Raw(birch.Birch):
    def deliver(self, to: Contact, message: Message) -> Receipt:
        try:
            return super().deliver(to, message)
        except Unavailable as error:
            raise OSError("broken pipe") from error


class Lost(birch.Birch):
    def body(self, to: Contact, message: Message) -> dict[str, Any]:
        return {"to": to.email, "text": message.text.encode("ascii", "replace").decode()}


class Sticky(birch.Birch):
    first: str | None = None

    def body(self, to: Contact, message: Message) -> dict[str, Any]:
        self.first = self.first or to.email
        return {"to": self.first, "text": message.text}


class Copied(birch.Birch):
    def body(self, to: Contact, message: Message) -> dict[str, Any]:
        self.tools.log.info("sent", body=message.text)
        return super().body(to, message)


class Told(birch.Birch):
    def deliver(self, to: Contact, message: Message) -> Receipt:
        try:
            return super().deliver(to, message)
        except XmoError as error:
            raise NotFound(f"There is no {to.email}.") from error


class Encoded(birch.Birch):
    def body(self, to: Contact, message: Message) -> dict[str, Any]:
        log_in = str(self.session.headers["Authorization"]).encode()
        sys.stderr.write(base64.b64encode(log_in).decode())
        return super().body(to, message)


class Trusting(birch.Birch):
    def reaches(self, to: Contact, occasion: Occasion) -> bool:
        return "@" in (to.email or "")

    def body(self, to: Contact, message: Message) -> dict[str, Any]:
        return {"to": str(to.email).rpartition(",")[2].strip(), "text": message.text}


class Moody(birch.Birch):
    asked = 0

    def reaches(self, to: Contact, occasion: Occasion) -> bool:
        self.asked += 1
        return super().reaches(to, occasion) and self.asked < 250


class Asking(birch.Birch):
    def reaches(self, to: Contact, occasion: Occasion) -> bool:
        return super().reaches(to, occasion) and occasion.at < self.tools.now() < datetime.now(UTC)


class Inquiring(birch.Birch):
    def reaches(self, to: Contact, occasion: Occasion) -> bool:
        return super().reaches(to, occasion) and self.known()

    def known(self) -> bool:
        return bool(self.session.get(f"{self.url}/me").json())


class Generous(birch.Birch):
    def reaches(self, to: Contact, occasion: Occasion) -> bool:
        return True


class Heron(birch.Birch):
    def deliver(self, to: Contact, message: Message) -> Receipt:
        super().deliver(to, message)
        return Receipt(reference="heron")


class Doubled(birch.Birch):
    def deliver(self, to: Contact, message: Message) -> Receipt:
        super().deliver(to, message)
        return super().deliver(to, message)


class Needy(birch.Birch):
    def reaches(self, to: Contact, occasion: Occasion) -> bool:
        return "@" in to.email  # type: ignore[operator]


class Trying(birch.Birch):
    def check(self) -> Iterable[Finding]:
        self.deliver(TestBirch.to, Message(marker="", text="Does it work?"))
        return super().check()


class Blind(birch.Birch):
    def check(self) -> Iterable[Finding]:
        return [Finding(level="ok", text="There is a config.")]


@contextmanager
def benched(make: type[birch.Birch], folder: Path) -> Iterator[tuple[TestBirch, ChannelBench]]:
    kit = TestBirch()
    kit.plugin = birch.offering(make)
    with ExitStack() as stack:
        yield kit, kit.bench_for(kit.service(), stack, folder)


BROKEN = [
    (Twice, "the_answer_is_lost", "arrived 2 times: send it once"),
    (Sure, "the_answer_is_lost", "says that it did not"),
    (Raw, "the_answer_is_lost", "raise an error of the contract"),
    (Hopeful, "the_request_is_lost", "a receipt for a message that arrived 0 times"),
    (Doubtful, "nobody_listens_nothing", "reached=False"),
    (Raw, "nobody_listens_nothing", "raise `Unavailable`"),
    (Lost, "with_all_its_words", "unchanged"),
    (Sticky, "at_its_own_person", "has no xmo:"),
    (Trusting, "an_address_that_is_none", "arrived at somebody else"),
    (Moody, "stays_the_same", "and then"),
    (Asking, "said_without_asking", "the clock"),
    (Inquiring, "said_without_asking", r"uses the network in known, .*test_birch\.py:\d+"),
    (Generous, "not_everybody", "says True of `unreached`"),
    (Heron, "a_receipt_names", "both receipts say 'heron'"),
    (Doubled, "with_all_its_words", "send it once"),
    (Needy, "reached_or_not", "TypeError"),
    (Trying, "delivers_nothing", "has delivered"),
    (Blind, "where_nobody_listens$", "finds no error"),
]


@pytest.mark.parametrize(("make", "test", "said"), BROKEN, ids=lambda value: getattr(value, "__name__", None))
def test_a_broken_promise_is_told_by_its_test(make: type[birch.Birch], test: str, said: str, tmp_path: Path) -> None:
    (name,) = (name for name in dir(ChannelTests) if name.startswith("test_") and re.search(test, name))
    with benched(make, tmp_path) as (kit, bench), pytest.raises(AssertionError, match=said):
        getattr(kit, name)(bench)


@pytest.mark.parametrize(
    ("make", "test", "said"),
    [
        (Copied, "test_no_person_and_no_words_stand_in_logs_or_errors", "(?s)stands in a log: .*Leave it out"),
        (Told, "test_no_person_and_no_words_stand_in_logs_or_errors", "(?s)stands in an error: .*words of your own"),
        (Encoded, "test_no_secret_stands_in_logs_or_errors", "(?s)the option token stands in stderr: .*Print nothing"),
    ],
)
def test_what_it_lets_out_is_heard(
    make: type[birch.Birch],
    test: str,
    said: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with benched(make, tmp_path) as (kit, bench):
        message = question()
        gossip = kit.listen([bench], message, caplog, capfd)
        given = (message, gossip) if "person" in test else (bench, gossip)
        with pytest.raises(AssertionError, match=said):
            getattr(kit, test)(*given)


def test_a_class_without_a_service_is_told_to_write_one() -> None:
    with pytest.raises(pytest.UsageError, match="def service"):
        ChannelTests().service()
    with pytest.raises(pytest.UsageError, match="def arrived"):
        ChannelTests().arrived()


def test_hints_name_the_section_of_the_channel(tmp_path: Path) -> None:
    kit = TestBirch()
    with ExitStack() as stack:
        told = kit.bench_for(kit.refusing(), stack, tmp_path).deliver(kit.to, question())
    assert isinstance(told, XmoError)
    assert "[channels.desk]" in told.hint
