"""The pages people answer on: every one works without script, and only a POST records.

There is no log-in: the token in the path is the authority to answer first, and another site does not know it. What
follows on an answer is for the browser that gave it alone (see `browsers`); its cookie does not travel with a form that
another site sends. So the forms need no second token against forged requests.
"""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

from flask import Flask, Response, make_response, redirect, render_template, request
from jinja2 import StrictUndefined
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.wrappers import Response as AnyResponse

from xmo_hooks import Answer, Desk, Invitation, Refused, Site
from xmo_surveys.browsers import forget, mark, number, only_who_answers, remember
from xmo_surveys.catalogue import LANGUAGES, Catalogue, catalogue, pick
from xmo_surveys.colours import brand_css
from xmo_surveys.forms import Stage, is_last, next_stage, read
from xmo_surveys.options import Survey
from xmo_surveys.questions import FEELING
from xmo_surveys.trouble import describe

PATH = "/a"
_BODY_LIMIT = 16 * 1024  # bytes; an honest form has under 200
_DONE = ("thanks", "declined", "never")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}

Reply = AnyResponse | str | tuple[str, int]


class _App(Flask):
    def log_exception(self, *exc_info: Any) -> None:
        """Log a failure without the path: the token in it lets anybody answer in the person's name."""
        self.logger.error("a survey page failed", exc_info=exc_info[-1])


def make_pages(desk: Desk, site: Site, survey: Survey) -> Flask:
    """Make the app that answers the links of invitations. Called once by `xmo serve`; mounted at `PATH`."""
    app = _App(__name__)
    app.jinja_options = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    app.config["MAX_CONTENT_LENGTH"] = _BODY_LIMIT
    # From the public address, not from the request: a proxy in front may have cut off a prefix.
    base = urlsplit(site.url).path + PATH
    app.jinja_env.globals.update(site=site, survey=survey, base=base)
    app.after_request(_harden)
    app.register_error_handler(HTTPException, _failed)
    _Views(desk, site, base).add_to(app)
    if survey.accent:
        sheet = brand_css(survey.accent)
        app.add_url_rule("/brand.css", "brand", lambda: Response(sheet, mimetype="text/css"))
    return app


class _Views:
    """The pages of one desk. A screen follows from the stored answers alone, so reload and back are safe."""

    def __init__(self, desk: Desk, site: Site, base: str) -> None:
        self._desk = desk
        self._site = site
        self._base = base

    def add_to(self, app: Flask) -> None:
        """Tie each page to its path and methods; a GET rule answers HEAD too."""
        app.register_error_handler(Refused, self.refused)
        app.add_url_rule("/<token>", "see", self.see, methods=["GET"])
        app.add_url_rule("/<token>", "answer", self.answer, methods=["POST"])
        app.add_url_rule("/<token>/decline", "decline", self.decline, methods=["POST"])
        app.add_url_rule("/<token>/never", "consider", self.consider, methods=["GET"])
        app.add_url_rule("/<token>/never", "opt_out", self.opt_out, methods=["POST"])
        app.add_url_rule("/<token>/done/<what>", "done", self.done, methods=["GET"])

    def see(self, token: str) -> Reply:
        """Show the screen that comes next, and record nothing; `?feeling=good` only chooses beforehand."""
        invitation = self._open(token)
        stage = next_stage(invitation.answers)
        if stage is None:
            return self._end(token, "thanks", invitation)
        page = make_response(self._screen(stage, invitation, token, chosen=request.args.get(FEELING.key)))
        remember(page, number(), home=self._home(token), site=self._site)
        return page

    def answer(self, token: str) -> Reply:
        """Record the posted answers once, then lead on to what comes next."""
        invitation = self._open(token)
        stage = next_stage(invitation.answers)
        form = request.form.to_dict(flat=False)
        if stage is None or form.keys() & {each.question for each in invitation.answers}:
            return self._to(token)  # sent twice, or sent from a screen left behind
        try:
            answers = read(stage, form)
        except ValidationError:
            return self._screen(stage, invitation, token, wrong=True), HTTPStatus.BAD_REQUEST
        return self._record(token, invitation, answers, last=is_last(stage, invitation.answers, answers))

    def _record(self, token: str, invitation: Invitation, answers: list[Answer], *, last: bool) -> AnyResponse:
        browser = number()
        if not (last or invitation.answers):
            answers = [*answers, mark(browser)]
        try:
            self._desk.record(token, answers, final=last)
        except Refused:
            return self._to(token)  # another request was quicker, or the time ran out: that page says which
        if not last:
            reply = self._to(token)
            remember(reply, browser, home=self._home(token), site=self._site)
            return reply
        return self._end(token, "thanks", invitation)

    def decline(self, token: str) -> Reply:
        """Store that the person would rather not say."""
        invitation = self._open(token)
        self._desk.decline(token)
        return self._end(token, "declined", invitation)

    def consider(self, token: str) -> Reply:
        """Ask whether to stop for good. Also for a link that was used or is too old: no is no at any time."""
        return render_template("never.html", words=self._words(token), home=self._home(token))

    def opt_out(self, token: str) -> Reply:
        """Never ask this person again."""
        words = self._words(token)
        self._desk.opt_out(token)
        return redirect(f"{self._home(token)}/done/never?lang={words.language}", HTTPStatus.SEE_OTHER)

    def done(self, token: str, what: str) -> Reply:
        """Say thank you. Tells nothing about the token: it is used up by now."""
        if what not in _DONE:
            raise NotFound
        home = None if what == "never" else self._home(token)
        return _notice(what, words=_spoken(request.args.get("lang")), home=home)

    def refused(self, refusal: Refused) -> Reply:
        """Say why nothing can be answered here; whoever once had a working link can still opt out.

        In all languages: whose link it was is not told. And an invitation that is answered must look the same whether
        more would be asked or not, for that depends on the answer.
        """
        if refusal.reason == "unknown":
            return _notice("unknown", words=_spoken(None), everywhere=True), HTTPStatus.NOT_FOUND
        home = self._home((request.view_args or {})["token"])
        return _notice(refusal.reason, words=_spoken(None), home=home, everywhere=True), HTTPStatus.GONE

    def _open(self, token: str) -> Invitation:
        return only_who_answers(self._desk.open(token))

    def _words(self, token: str) -> Catalogue:
        try:
            return _spoken(self._open(token).occasion.person.language)
        except Refused as refusal:
            if refusal.reason == "unknown":
                raise
            return _spoken(None)

    def _screen(
        self, stage: Stage, invitation: Invitation, token: str, *, chosen: str | None = None, wrong: bool = False
    ) -> str:
        words = _spoken(invitation.occasion.person.language)
        return render_template(
            stage.template,
            stage=stage,
            words=words,
            trouble=describe(invitation, words),
            home=self._home(token),
            chosen=chosen,
            wrong=wrong,
        )

    def _home(self, token: str) -> str:
        return f"{self._base}/{quote(token, safe='')}"

    def _to(self, token: str) -> AnyResponse:
        return redirect(self._home(token), HTTPStatus.SEE_OTHER)

    def _end(self, token: str, what: str, invitation: Invitation) -> AnyResponse:
        language = _spoken(invitation.occasion.person.language).language
        reply = redirect(f"{self._home(token)}/done/{what}?lang={language}", HTTPStatus.SEE_OTHER)
        forget(reply, home=self._home(token))
        return reply


def _spoken(language: str | None) -> Catalogue:
    return pick(language, *request.accept_languages.values())


def _notice(name: str, *, words: Catalogue, home: str | None = None, everywhere: bool = False) -> str:
    """Write a notice, and where it is for `everywhere`, the same in the other languages below it."""
    others = [catalogue(each) for each in LANGUAGES if everywhere and each != words.language]
    return render_template("notice.html", words=words, name=name, others=others, home=home)


def _failed(error: HTTPException) -> Reply:
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    name = "failed" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "wrong"
    return _notice(name, words=_spoken(None)), status


def _harden(response: Response) -> Response:
    response.headers.update(_HEADERS)
    if response.mimetype != "text/css":
        response.headers["Cache-Control"] = "no-store"
    return response
