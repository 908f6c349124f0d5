"""What a source promises that can comment: what it writes is found again, and is never written twice."""

import secrets
from functools import partial

import pytest

from xmo_core.testing import faults
from xmo_core.testing.bench import Bench, as_stored
from xmo_core.testing.kept import Kept, attempt
from xmo_core.testing.setup import Setup
from xmo_core.testing.wire import Fault, no_trouble
from xmo_hooks import Comments, Conflict, Message, Ticket, XmoError

_LINK = "http://127.0.0.1/a/"


def message() -> Message:
    """Write a question with a marker of its own."""
    marker = f"xmo:{secrets.token_urlsafe(12)}"
    return Message(marker=marker, text=f"How did we do?\n{_LINK}{marker[4:]}\n\n[{marker}]")


class CommentTests(Setup):
    """Commenting, and finding."""

    @pytest.fixture
    def writer(self, bench: Bench) -> Comments:
        """Make a source that comments, where this kind can."""
        if "comment" not in bench.kind.can:
            pytest.skip('This kind does not declare the capability "comment".')
        return bench.writer()

    @pytest.fixture
    def ticket(self, bench: Bench, whole: Kept) -> Ticket:
        """Pick a ticket that may be asked about."""
        return self.commentable(bench, whole)

    def commentable(self, bench: Bench, whole: Kept) -> Ticket:
        """Return a ticket that takes comments: by default a resolved one, else one in no final state."""
        takes = [ticket for ticket in whole.tickets.values() if ticket.state not in bench.kind.final]
        assert takes, "No ticket of your desk takes comments: all are in the states that `final` of the kind names."
        return next((ticket for ticket in takes if ticket.state == "resolved"), takes[0])

    def test_a_comment_is_found_by_its_marker(self, bench: Bench, writer: Comments, ticket: Ticket) -> None:
        """After a crash nobody knows whether the question went out: so each run looks for its marker first."""
        question = message()
        receipt = writer.comment(ticket, question)
        assert receipt.reference, "`comment` gave a receipt without a reference: name the comment as the vendor does."
        found = bench.writer().find(ticket, question.marker)
        assert found is not None, (
            f"{question.marker} was written into {ticket.number}, and `find` did not see it: it would be asked again."
        )

    def test_a_marker_that_is_not_there_is_not_found(self, writer: Comments, ticket: Ticket) -> None:
        """A marker that is found was asked: taking another one for it would leave a person unasked."""
        question = message()
        assert writer.find(ticket, question.marker) is None, "`find` sees a marker that was never written."
        writer.comment(ticket, question)
        last = "A" if question.marker[-1] != "A" else "B"
        for other in (question.marker[:-1] + last, f"xmo:{question.marker[4:].swapcase()}"):
            assert writer.find(ticket, other) is None, (
                f"Only {question.marker} was written, and `find` takes it for {other}: compare the whole marker, "
                "capital and small letters apart."
            )

    def test_a_comment_whose_answer_was_lost_is_found_and_not_repeated(
        self, bench: Bench, writer: Comments, ticket: Ticket
    ) -> None:
        """The vendor takes the comment, and the connection breaks before it can say so: the error goes up, and the
        next run finds the marker. Exactly one question stands at the desk."""
        question = message()
        assert isinstance(self._comment(bench, writer, ticket, question, faults.lost), XmoError), (
            "The answer to a comment was lost, and `comment` gave a receipt: let the error through, and the next run "
            "will look."
        )
        assert self._written(bench, question) == 1, "A comment whose answer was lost was sent again: never repeat it."
        # where one comment takes several writes, the first alone may show nothing yet
        assert bench.writer().find(ticket, question.marker) or self._standing(bench, ticket, question) == 0, (
            "The desk has the comment, and `find` did not see it."
        )

    def test_a_question_stands_at_the_desk_once(self, bench: Bench, ticket: Ticket) -> None:
        """What the requester sees is one question: also where a comment takes several writes, and the answer to any of
        them was lost, once the next run has looked, and asked where it found none."""
        if self.seen(bench.url, ticket.key) is None:
            pytest.skip("Write `def seen(self, url, key)`: return the comments of that ticket, as its requester sees.")
        question = message()
        bench.wire.calls.clear()
        bench.writer().comment(ticket, question)
        writes = sum(not call.read for call in bench.wire.calls)
        assert (stands := self._standing(bench, ticket, question)) == 1, f"Asked once, it stands there {stands} times."
        # where there is one write, the test before has seen it lost
        for number in range(writes if writes > 1 else 0):
            question = message()
            bench.wire.plan = faults.write(number, faults.lost)
            attempt(partial(bench.writer().comment, ticket, question))
            bench.wire.plan = no_trouble
            again = bench.writer()
            if again.find(ticket, question.marker) is None:
                again.comment(ticket, question)
            assert (stands := self._standing(bench, ticket, question)) == 1, (
                f"The answer to write {number + 1} of {writes} was lost, and after the next run the question stands "
                f"there {stands} times: `find` must see whatever the requester sees."
            )

    def test_asking_leaves_the_ticket_as_it_is(self, bench: Bench, writer: Comments, ticket: Ticket) -> None:
        """Some vendors reopen a ticket when a comment is added: then the question itself would end what it asks about,
        and be withdrawn, or asked again with the next resolution."""
        writer.comment(ticket, message())
        source = bench.source()
        told = [one for row in source.fetch_some([ticket.key]) for one in source.parse(row)]
        (after,) = [one for one in told if isinstance(one, Ticket)]
        for name in ("state", "vendor_state", "resolved_at", "closed_at", "reopens"):
            before, now = getattr(ticket, name), getattr(after, name)
            assert now == before, (
                f"Before the question `{name}` of {ticket.number} was {before!r}, and after it {now!r}: write the "
                "comment in a way that leaves the ticket as it was."
            )

    def test_a_ticket_that_changed_meanwhile_is_a_conflict(
        self, bench: Bench, writer: Comments, ticket: Ticket
    ) -> None:
        """Where the desk refuses a write because others were faster, the next run reads again and decides again: any
        other error would withdraw the question."""
        for status in ("409 Conflict", "412 Precondition Failed"):
            bench.wire.plan = faults.writes(faults.refuses(status))
            error = attempt(partial(writer.comment, ticket, message()))
            assert isinstance(error, Conflict), (
                f"Each write was answered with {status}, and `comment` ended with {error!r}: let `Conflict` through."
            )

    def test_a_comment_is_not_sent_again_after_a_503(self, bench: Bench, writer: Comments, ticket: Ticket) -> None:
        """A 503 does not say whether the comment was written: only the next run, which looks first, may repeat it."""
        question = message()
        error = self._comment(bench, writer, ticket, question, faults.refuses("503 Service Unavailable"))
        sent = self._written(bench, question)
        assert sent == 1, f"A comment that was answered with 503 was sent {sent} times: leave repeats to the core."
        assert isinstance(error, XmoError), "A comment was answered with 503, and `comment` gave a receipt."

    def test_a_refused_comment_is_not_taken_for_written(self, bench: Bench, writer: Comments, ticket: Ticket) -> None:
        """What the vendor refuses was not asked, and is told: a receipt would close the question for good."""
        error = self._comment(bench, writer, ticket, message(), faults.refuses("403 Forbidden"))
        assert isinstance(error, XmoError), (
            "A comment was answered with 403, and `comment` gave a receipt: let it through."
        )

    def test_what_cannot_be_looked_up_is_not_called_missing(
        self, bench: Bench, writer: Comments, ticket: Ticket
    ) -> None:
        """`find` returns None only where it has looked: None for "could not look" asks a person twice."""
        question = message()
        writer.comment(ticket, question)
        for status in ("403 Forbidden", "503 Service Unavailable"):
            bench.wire.plan = faults.always(faults.refuses(status))
            try:
                found = writer.find(ticket, question.marker)
            except XmoError:
                continue
            assert found is not None, f"The desk answered {status}, and `find` said None: let the error through."

    def test_a_marker_on_a_later_page_of_comments_is_found(self, writer: Comments, ticket: Ticket) -> None:
        """A ticket may have more comments than the vendor shows at once, before the question and after it."""
        if self.comments_on_a_page is None:
            pytest.skip("Set `comments_on_a_page`: how many comments of one ticket the vendor shows at once.")
        questions = [message() for _ in range(self.comments_on_a_page + 1)]
        for question in questions:
            writer.comment(ticket, question)
        for place, question in (("oldest", questions[0]), ("newest", questions[-1])):
            assert writer.find(ticket, question.marker), (
                f"Among {len(questions)} comments, `find` did not see the {place}: follow the pages to the end."
            )

    def test_the_words_arrive_as_they_were_written(self, bench: Bench, writer: Comments, ticket: Ticket) -> None:
        """The link is why the comment is written: without it nobody can answer."""
        question = message()
        bench.wire.calls.clear()
        writer.comment(ticket, question)
        sent = b"".join(call.body for call in bench.wire.calls if not call.read).replace(b"\\/", b"/")
        for what in (f"{_LINK}{question.marker[4:]}", question.marker):
            assert what.encode() in sent, f"{what} is not in what was sent to the desk: send `message.text` unchanged."

    def test_what_was_asked_is_no_touchpoint(self, bench: Bench, writer: Comments, ticket: Ticket, whole: Kept) -> None:
        """Our own question is no word of the desk: it would count as service that nobody gave."""
        writer.comment(ticket, message())
        again = bench.source()
        kept = Kept().take(again, again.fetch(as_stored(whole.cursors[-1]), None))
        new = [point for key, point in kept.touchpoints.items() if key not in whole.touchpoints]
        assert not new, f"After our question there are new touchpoints, such as {new[0]}: leave what holds MARKER out."

    def _comment(self, bench: Bench, writer: Comments, ticket: Ticket, question: Message, fault: Fault) -> object:
        """Comment while each write that holds the marker meets the fault; return the error or the receipt."""
        bench.wire.calls.clear()
        bench.wire.plan = faults.holding(question.marker, fault)
        try:
            return writer.comment(ticket, question)
        except XmoError as error:
            return error
        finally:
            bench.wire.plan = no_trouble

    def _standing(self, bench: Bench, ticket: Ticket, question: Message) -> int | None:
        """Say how often the requester sees the question, where the desk can tell."""
        seen = self.seen(bench.url, ticket.key)
        if seen is None:
            return None
        assert all(isinstance(text, str) for text in seen), "`seen` returns the texts of the comments, as str."
        return sum(question.marker in text for text in seen)

    def _written(self, bench: Bench, question: Message) -> int:
        return sum(question.marker.encode() in call.body for call in bench.wire.calls if not call.read)
