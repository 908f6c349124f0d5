"""A visit to the survey page: open the link, fill the form in, send it, and so on until nothing is asked any more."""

from urllib.parse import urljoin

from requests import Response, Session

from xmo_demo import forms, respondents
from xmo_demo.vendor import Question
from xmo_hooks import XmoError

_TIMEOUT = 30  # seconds
_SCREENS = 5  # more than the survey has


class Browser:
    """Reads and posts pages as a browser without script does. All methods raise the errors of requests."""

    def __init__(self) -> None:
        self._session = Session()
        self._session.trust_env = False  # no proxy of the environment stands before this machine

    def react(self, question: Question) -> respondents.Deed:
        """Do with a question what its receiver does, and return what that was."""
        deed = respondents.deed(question.facts)
        if deed == "answer":
            self._answer(question)
        elif deed == "decline":
            page = self._see(question.link)
            self._send(page, next((form for form in _forms(page) if form.action.endswith("/decline")), None))
        elif deed == "never":
            page = self._see(question.never)
            self._send(page, next(iter(_forms(page)), None))
        return deed

    def _answer(self, question: Question) -> None:
        page = self._see(question.link)
        for _ in range(_SCREENS):
            asking = next((form for form in _forms(page) if form.offered), None)
            if asking is None:
                return
            wanted = {name: respondents.say(question.facts, name) for name in asking.offered}
            page = self._send(page, asking, asking.filled(wanted))
        raise XmoError(f"The survey page about {question.facts.number} never came to an end.")

    def _see(self, url: str) -> Response:
        page = self._session.get(url, timeout=_TIMEOUT)
        page.raise_for_status()
        return page

    def _send(self, page: Response, form: forms.Form | None, data: dict[str, str] | None = None) -> Response:
        if form is None:
            raise XmoError("The survey page has not the form that was looked for.")
        page = self._session.post(urljoin(page.url, form.action), data=data or {}, timeout=_TIMEOUT)
        page.raise_for_status()
        return page


def _forms(page: Response) -> list[forms.Form]:
    return forms.read(page.text)
