"""A run with a channel: the question goes out by mail, and not into the ticket; and the guide's recipe for it."""

from __future__ import annotations

import email
import email.policy
import re
import textwrap
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.line.desks import desk as make_desk
from tests.line.support import Xmo, reading, vendor
from tests.mail.conftest import Certificate, Serve
from tests.mail.support import PASSWORD
from xmo_core.config import read
from xmo_core.registry import load
from xmo_core.store import tables as t

PAGE = (Path(__file__).parents[2] / "docs" / "admin.md").read_text(encoding="utf-8")
RECIPE = PAGE.partition("\n## By mail instead of a comment\n")[2].partition("\n## ")[0]
SITE = '[site]\nname = "Test IT"\nkey = { env = "XMO_KEY" }\n'


def test_the_recipe_of_the_guide_is_read_without_a_complaint(tmp_path: Path) -> None:
    (block,) = re.findall(r"^ +```toml\n(.*?)^ +```", RECIPE, re.MULTILINE | re.DOTALL)
    (tmp_path / "xmo.toml").write_text(SITE + textwrap.dedent(block), encoding="utf-8")
    config = read(tmp_path / "xmo.toml", load(), {"XMO_KEY": "k" * 40, "MAIL_PASSWORD": "x"})
    options = config.channels["mail"].options
    assert (options.port, options.security, options.domains) == (587, "starttls", {"example.com"})


def test_a_run_asks_by_mail_and_leaves_the_tickets_as_they_are(
    tmp_path: Path,
    sqlite_store: str,
    serve: Serve,
    certificate: Certificate,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    post = serve(tls=certificate.context, auth_required=True)
    (tmp_path / "ca.pem").write_bytes(certificate.file.read_bytes())
    desk = make_desk("zendesk", tmp_path)
    with vendor(desk.sandbox, data=desk.data, at=desk.moments[0]) as sandbox:
        xmo = _config(tmp_path, sqlite_store, desk.config(sandbox.url), post.port)
        assert "takes mail of the sender" in " ".join(xmo(desk.moments[0], "check", "mail").split())
        xmo(desk.moments[0], "run")
        for moment in desk.moments[1:3]:
            sandbox.move(moment)
            xmo(moment, "run")
        assert sandbox.journal() == []
    with reading(sqlite_store) as connection:
        i = t.invitation.c
        references = sorted(connection.execute(select(i.reference).where(i.sent_at.is_not(None))).scalars())
    mails = [_read(envelope.content) for envelope in post.taken]
    assert sorted(mail["Message-ID"] for mail in mails) == references
    assert len(references) > 5
    assert all(re.search(r"http://127\.0\.0\.1:1/a/\S+\s", mail.get_content()) for mail in mails)
    assert all(re.fullmatch(r"(One question about|Eine Frage zu) #?\d+", mail["Subject"]) for mail in mails)
    addresses = {address for envelope in post.taken for address in envelope.rcpt_tos}
    assert len(addresses) > 5
    kept = (tmp_path / "xmo.db").read_bytes() + "".join(capfd.readouterr()).encode()
    assert [address for address in addresses if address.encode() in kept] == []


def _config(folder: Path, store: str, source: str, port: int) -> Xmo:
    mail = f'host = "127.0.0.1"\nport = {port}\nca_bundle = "ca.pem"\nusername = "xmo"\n'
    mail += 'password = { env = "MAIL_PASSWORD" }\nsender = "Northwind IT <feedback@example.com>"'
    (folder / "xmo.key").write_text("a key that no one else has, for tests")
    text = '[site]\nname = "Test IT"\nurl = "http://127.0.0.1:1"\nkey = { file = "xmo.key" }\n'
    text += f'[store]\nurl = "{store}"\n'
    (folder / "xmo.toml").write_text(f'{text}[sources.desk]\n{source}\n[channels.mail]\nkind = "mail"\n{mail}\n')
    return Xmo(folder)


def _read(content: object) -> EmailMessage:
    assert isinstance(content, bytes)
    mail = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return mail
