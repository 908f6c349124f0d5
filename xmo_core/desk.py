"""The desk: what a survey page may do with the token it was handed. It works without a lease, beside any run."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from xmo_core.checkpoints import reach
from xmo_core.invitations import invitation_of
from xmo_core.office import Office
from xmo_core.store import tables as t
from xmo_hooks import Answer, Invitation, Refused

_ANSWER_FIELDS = ("question", "version", "value", "low", "high", "best", "code", "text")


class StoreDesk:
    """The `Desk` of the contract over the store."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def open(self, token: str) -> Invitation:
        """Return the invitation, and record nothing."""
        with self._office.store.reading() as connection:
            return self._load(connection, self._asked(connection, token))

    def record(self, token: str, answers: Sequence[Answer], *, final: bool) -> Invitation:
        """Store answers, each question once; `final` uses the token up."""
        now = self._office.now()
        with self._office.store.writing() as connection:
            row = self._asked(connection, token)
            questions = [answer.question for answer in (*answers_of(connection, [row.id])[row.id], *answers)]
            if len(questions) > len(set(questions)):
                raise Refused("This question has been answered already.", reason="used")
            if answers:
                about = {"invitation": row.id, "at": now}
                connection.execute(insert(t.answer), [about | _values(answer) for answer in answers])
            ended = {"answered_at": row.answered_at or now, "ended_at": now if final else None}
            self._update(connection, row, state="answered", scored=None, **ended)
            reach("answer.written")
            invitation = self._load(connection, self._row(connection, token))
        reach("answer.stored")
        return invitation

    def decline(self, token: str) -> None:
        """Store that the person would rather not say."""
        with self._office.store.writing() as connection:
            row = self._asked(connection, token)
            # whoever answered the first question and then stops has answered
            state = "answered" if row.answered_at else "declined"
            self._update(connection, row, state=state, ended_at=self._office.now())

    def opt_out(self, token: str) -> None:
        """Never ask this person again. Works with a used token too: the wish counts, not the link."""
        with self._office.store.writing() as connection:
            row = self._row(connection, token)
            wish = self._office.store.upsert(t.opt_out).values(person=row.person, at=self._office.now())
            connection.execute(wish.on_conflict_do_nothing())
            if row.state in ("claimed", "sent", "uncertain"):
                self._update(connection, row, state="declined", ended_at=self._office.now())

    def _row(self, connection: Connection, token: str) -> Row[Any]:
        """Find the invitation of a token; inside a writing transaction its row is locked until the end."""
        invitation = self._office.keys.invitation_of(token)
        query = select(t.invitation).where(t.invitation.c.id == (invitation or ""))
        if connection.get_execution_options().get("xmo_writes"):
            query = query.with_for_update()
        row = connection.execute(query).one_or_none()
        if row is None:
            raise Refused("There is no such invitation.", reason="unknown")
        return row

    def _asked(self, connection: Connection, token: str) -> Row[Any]:
        """Find the invitation of a token that may still be answered."""
        row = self._row(connection, token)
        if row.state == "withdrawn":
            raise Refused("The question has been withdrawn.", reason="withdrawn")
        if row.state == "expired" or row.expires_at <= self._office.now():
            raise Refused("The time to answer is over.", reason="expired")
        if row.ended_at is not None:
            raise Refused("This question has been answered already.", reason="used")
        return row

    def _update(self, connection: Connection, row: Row[Any], **values: Any) -> None:
        # who acts on a question was asked it, also where no run could settle that yet
        values["sent_at"] = row.sent_at or self._office.now()
        connection.execute(update(t.invitation).where(t.invitation.c.id == row.id).values(**values))

    def _load(self, connection: Connection, row: Row[Any]) -> Invitation:
        decided = (t.decision.c.problem == row.problem) & (t.decision.c.n == row.n)
        ended_at = connection.execute(select(t.decision.c.ended_at).where(decided)).scalar_one()
        return invitation_of(self._office, connection, row, ended_at, tuple(answers_of(connection, [row.id])[row.id]))


def answers_of(connection: Connection, invitations: Sequence[str]) -> dict[str, list[Answer]]:
    """Return the answers to some hundreds of invitations, in order of their questions."""
    found: dict[str, list[Answer]] = {invitation: [] for invitation in invitations}
    query = select(t.answer).where(t.answer.c.invitation.in_(invitations)).order_by(t.answer.c.question)
    for row in connection.execute(query):
        found[row.invitation].append(Answer(**_values(row)))
    return found


def _values(answer: Answer | Row[Any]) -> dict[str, Any]:
    return {name: getattr(answer, name) for name in _ANSWER_FIELDS}
