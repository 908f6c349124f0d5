"""What a channel promises about what it delivers: it arrives once, at the right person, and what it says of it is
true whatever the network does."""

from dataclasses import replace
from datetime import UTC
from functools import partial

import pytest

from xmo_core.testing.channel_setup import ChannelBench, ChannelSetup, question
from xmo_core.testing.kept import attempt
from xmo_core.testing.tcp import Side, cuts, nobody
from xmo_hooks import AuthError, ConfigError, Contact, Message, RateLimited, Receipt, Unavailable, XmoError

_NAMES = (
    None,
    "",
    "Ash\r\nBcc: elm@example.com",
    'Ash "A." Example, <elm@example.com>',
    "Äsch – 密码 🌰",
    "x" * 300,
    "{0} %s",
)
ADDRESSES = (
    "",
    " ",
    "ash",
    "@example.com",
    "ash@",
    "ash@example..com",
    "ash@example.com\r\nBcc: elm@example.com",
    "ash@example.com, elm@example.com",
    "ash@example.com,elm@example.com",
    "Ash <ash@example.com>",
    "ash@example.com\0",
    "äsh@exämple.com",
    f"{'x' * 300}@example.com",
)
_AS_THE_SERVICE = "name the message as the service does"
_STOPPING = (Unavailable, AuthError, ConfigError, RateLimited)
_reached = pytest.mark.usefixtures("reached")  # whom it does not reach, nothing is delivered to


class DeliverTests(ChannelSetup):
    """Delivering."""

    @_reached
    def test_what_is_delivered_arrives_once_with_all_its_words(self, bench: ChannelBench) -> None:
        """The link is why it is sent, by the marker it is known again, and a person is asked once."""
        message = question()
        receipt = bench.deliver(self.to, message)
        assert isinstance(receipt, Receipt), (
            f"`deliver` ended with {receipt!r}, and nothing was wrong with the service: return a Receipt."
        )
        assert (times := self.count(bench, message)) == 1, (
            f"One message was delivered, and `arrived` shows it {times} times: send it once, with its marker in it."
        )
        (text,) = (text for text in self.texts() if message.marker in text)
        lost = [line for line in message.text.splitlines() if line not in text]
        assert not lost, f'"{lost[0]}" did not arrive as it was written: send `message.text` unchanged. It is {text!r}.'

    @_reached
    def test_a_receipt_names_what_was_delivered(self, bench: ChannelBench) -> None:
        """Where somebody asks what became of their question, the receipt leads to it at the service."""
        receipts = [bench.deliver(self.to, question()) for _ in range(2)]
        first, second = (getattr(receipt, "reference", None) for receipt in receipts)
        for receipt, reference in zip(receipts, (first, second), strict=True):
            at = getattr(receipt, "at", None)
            assert isinstance(reference, str), f"The reference of {receipt!r} is no text: {_AS_THE_SERVICE}."
            assert reference, f"{receipt!r} has no reference: {_AS_THE_SERVICE}."
            assert at is None or at.tzinfo is UTC, f"The receipt says {at!r}: an aware UTC time, or None."
        assert first != second, f"Two messages were delivered, and both receipts say {first!r}: {_AS_THE_SERVICE}."

    @_reached
    def test_each_message_arrives_at_its_own_person(self, bench: ChannelBench) -> None:
        """One run asks many people: a link in somebody else's hands is their answer under a wrong name."""
        channel = bench.channel()
        written = [(person, question()) for person in (self.to, self.other)]
        for person, message in written:
            told = attempt(partial(channel.deliver, person, message))
            assert isinstance(told, Receipt), f"Of two messages by one channel, one ended with {told!r}."
        for person, message in written:
            assert self.count(bench, message), f"Two messages were delivered, and {message.marker} did not arrive."
            wrong = self.other if person is self.to else self.to
            assert self._has(person, message) is not False, f"`inbox` of {person.key} has no {message.marker}."
            assert not self._has(wrong, message), (
                f"{message.marker} was for {person.key}, and `inbox` shows it to {wrong.key}: keep nothing of one "
                "message for the next."
            )

    @_reached
    def test_a_connection_that_has_ended_meanwhile_costs_no_message(self, bench: ChannelBench) -> None:
        """Services hang up on whoever is silent for a while: the next message needs a connection, and not luck."""
        channel = bench.channel()
        for message in (question(), question()):
            told = attempt(partial(channel.deliver, self.to, message))
            assert isinstance(told, Receipt), (
                f"The service hung up between two messages, and the second ended with {told!r}: connect for each "
                "message, or look before you write whether the connection still stands."
            )
            assert self.count(bench, message), f"{message.marker} did not arrive, and there is a receipt for it."

    @_reached
    def test_any_name_will_do(self, bench: ChannelBench) -> None:
        """Names have signs that headers and templates stumble over, or are missing: who has such a name is asked like
        all others, and nobody else reads it."""
        for name in _NAMES:
            person, message = replace(self.to, name=name), question()
            channel = bench.channel()
            if attempt(partial(channel.reaches, person, self.occasion())) is not True:
                continue
            told = attempt(partial(channel.deliver, person, message))
            assert isinstance(told, Receipt), f"To somebody whose name is {name!r}, `deliver` ended with {told!r}."
            assert self.count(bench, message), f"To somebody whose name is {name!r}, nothing arrived."
            assert not self._has(self.other, message), f"A message to {name!r} arrived at somebody else, too."

    @_reached
    def test_an_address_that_is_none_does_no_harm(self, bench: ChannelBench) -> None:
        """Vendors keep whatever was typed as an address: either `reaches` says no, or `deliver` ends with an error of
        the contract; and nobody else gets the message."""
        for address in ADDRESSES:
            person, message = replace(self.to, key=address, email=address), question()
            channel = bench.channel()
            if attempt(partial(channel.reaches, person, self.occasion())) is not True:
                continue
            told = attempt(partial(channel.deliver, person, message))
            where = f"The address was {address!r}, which `reaches` says it can write to,"
            self._is_true(told, self.count(bench, message), where)
            assert not self._has(self.other, message), f"{where} and the message arrived at somebody else."

    @_reached
    def test_where_the_answer_is_lost_it_says_what_is_true(self, bench: ChannelBench) -> None:
        """The service takes the message, and the connection breaks before it can say so: nobody knows whether it
        arrived, and sending it again would ask twice."""
        self._lost(bench, "service", "what the service said")

    @_reached
    def test_where_the_request_is_lost_it_says_what_is_true(self, bench: ChannelBench) -> None:
        """The connection breaks while the message is on its way: a receipt would close a question that nobody has
        read."""
        self._lost(bench, "channel", "what the channel said")

    @_reached
    def test_where_nobody_listens_nothing_was_reached(self, bench: ChannelBench) -> None:
        """A service that is down gets the question with the next run, if the channel says that nothing can have
        arrived; else the question counts as uncertain, and is never sent."""
        with nobody() as address:
            told = bench.deliver(self.to, question(), address)
        assert isinstance(told, Unavailable), (
            f"Nobody listened at the service's address, and `deliver` ended with {told!r}: raise `Unavailable`."
        )
        assert not told.reached, (
            "Nobody listened at the service's address, and `deliver` says that the message may have arrived: raise "
            "`Unavailable(…, reached=False)` for a connection that was never made."
        )

    @_reached
    def test_a_person_whom_the_service_refuses_costs_nobody_else_their_question(self, bench: ChannelBench) -> None:
        """An address that is no more is one person's: an error that speaks of the whole service would stop the
        channel for all others, in each run again."""
        if self.stranger is None:
            pytest.skip("Set `stranger`: a Contact whom the service refuses.")
        channel, lost, message = bench.channel(), question(), question()
        told = attempt(partial(channel.deliver, self.stranger, lost))
        of_one = isinstance(told, XmoError) and not isinstance(told, _STOPPING)
        assert of_one, f"The service refuses one person, and `deliver` ended with {told!r}: raise `NotFound`."
        told = attempt(partial(channel.deliver, self.to, message))
        assert isinstance(told, Receipt), f"After one person who was refused, the next one's ended with {told!r}."
        assert not self.count(bench, lost), "`stranger` got the message: set it to somebody whom the service refuses."
        assert self.count(bench, message), "After one person who was refused, the next one's message did not arrive."

    @_reached
    def test_a_refused_log_in_is_named(self, refused: ChannelBench) -> None:
        """Wrong log-ins lock accounts: an `AuthError` stops the channel for this run, and says what to mend."""
        told = refused.deliver(self.to, question())
        assert isinstance(told, AuthError), (
            f"The log-in was refused, and `deliver` ended with {told!r} in place of `AuthError`."
        )
        assert told.hint, f"{told} has no hint: say which options to look at."

    def _lost(self, bench: ChannelBench, side: Side, what: str) -> None:
        told = bench.deliver(self.to, question())
        bench.cable.hang_up()
        assert isinstance(told, Receipt), f"Undisturbed, `deliver` ended with {told!r}."
        places = cuts(bench.cable, side)
        assert places, "Nothing came to the service while `deliver` gave a receipt: does it connect where `at` says?"
        for cut in places:
            bench.cable.mend(cut)
            message = question()
            told = bench.deliver(self.to, message)
            where = f"The connection broke when {cut.after} bytes of {what} in turn {cut.turn + 1} had come through,"
            self._is_true(told, self.count(bench, message), where)

    def _is_true(self, told: object, times: int, where: str) -> None:
        """Hold what `deliver` said against how often the message has arrived."""
        if isinstance(told, Receipt):
            then = "send it once: never repeat what may have arrived" if times else "raise `Unavailable`"
            assert times == 1, f"{where} and there is a receipt for a message that arrived {times} times: {then}."
            return
        assert isinstance(told, XmoError), f"{where} and `deliver` raised {told!r}: raise an error of the contract."
        if isinstance(told, Unavailable) and told.reached:
            assert times <= 1, f"{where} and the message arrived {times} times: never repeat what may have arrived."
            return
        assert times == 0, (
            f"{where} the message arrived, and {told!r} says that it did not, so that the next run would send it "
            "again: raise `Unavailable` (with `reached` as it is)."
        )

    def _has(self, person: Contact, message: Message) -> bool | None:
        texts = self.inbox(person)
        return None if texts is None else any(message.marker in text for text in texts)
