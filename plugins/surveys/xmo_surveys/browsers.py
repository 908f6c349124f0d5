"""Which browser may go on with an invitation: the one that gave its first answer.

The link stands in the ticket, where the desk can read it. So who has no more than the link must not come to anything
that follows from an answer. Each browser that opens the question gets a random number of its own, as a cookie; the
digest of it is stored together with the first answer, where another question follows. A restart, a second process that
serves the pages, or an answer that is sent twice make no difference. The digest itself opens nothing.
"""

import hmac
from hashlib import sha256
from secrets import token_urlsafe
from urllib.parse import urlsplit

from flask import request
from werkzeug.wrappers import Response

from xmo_hooks import Answer, Invitation, Refused, Site

MARK = "browser"  # stored like the answer to a question of this name
_COOKIE = "answering"


def number() -> str:
    """Return the number of the browser that asks, a new one where it has none."""
    return request.cookies.get(_COOKIE) or token_urlsafe(16)


def mark(number: str) -> Answer:
    """Return what is stored beside the first answer, so that this browser is known again."""
    return Answer(question=MARK, version="1", code=sha256(number.encode(errors="replace")).hexdigest())


def only_who_answers(invitation: Invitation) -> Invitation:
    """Return the invitation; raise `Refused` where it was answered and this browser is not the one that did."""
    if invitation.answers:
        known = next((each.code or "" for each in invitation.answers if each.question == MARK), "")
        if not hmac.compare_digest(known, mark(number()).code or ""):
            raise Refused("It was answered in another browser.", reason="used")
    return invitation


def remember(reply: Response, number: str, *, home: str, site: Site) -> None:
    """Hand a browser its number, which it keeps until it is closed; `home` is the path of the invitation's page."""
    if request.cookies.get(_COOKIE) != number:
        secure = urlsplit(site.url).scheme == "https"
        reply.set_cookie(_COOKIE, number, path=home, secure=secure, httponly=True, samesite="Lax")


def forget(reply: Response, *, home: str) -> None:
    """Take the number back. Called when nothing is asked any more."""
    if _COOKIE in request.cookies:
        reply.delete_cookie(_COOKIE, path=home)
