"""The doctor says whether mail reaches anybody, and what to do where it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.smtp import PASSWORD, USER, mailboxes, self_signed
from together.cli.mail_check import check_mail
from together.domain.mail_servers import Encryption, MailServer
from together.providers.values import Secret
from together.setting_words import OURS
from together.settings import Mode, Settings

SENDER = "post@example.org"


async def checked(server: MailServer | None, *, ask: bool = True, mode: Mode = Mode.PRODUCTION):
    return await check_mail(Settings(mail_server=server, mail_from=SENDER, mode=mode), ask=ask)


async def test_without_a_server():
    """Mails that are only printed reach nobody: that is wrong, but for whoever develops."""
    words = "TOGETHER_SMTP is not set, so mails are printed where the worker runs"
    assert await checked(None, mode=Mode.DEVELOPMENT) == (f"{words}.", False)
    assert await checked(None) == (f"{words} and reach nobody. Set it to {OURS['SMTP']}.", True)


async def test_a_server_that_takes_mail():
    """It is asked as far as a mail would go; offline, it is only named."""
    async with mailboxes(login=True) as boxes:
        server, where = boxes.server(login=True), f"localhost:{boxes.port}"
        assert await checked(server, ask=False) == (f"goes to {where}, from {SENDER}", False)
        assert boxes.said == []
        assert await checked(server) == (f"{where} takes it, from {SENDER}", False)
    assert (boxes.said, boxes.arrived) == (["EHLO", "AUTH", "MAIL"], [])


async def test_each_trouble_is_told_with_what_to_do(tmp_path: Path):
    """The certificate, the login, the sender, a passing no and no server at all each have words."""
    async with mailboxes(certificate=self_signed(tmp_path), login=True) as boxes:
        where = f"localhost:{boxes.port}"
        words, wrong = await checked(boxes.server(Encryption.STARTTLS, login=True))
        assert (words.startswith(f"{where} offers no encryption, or its cert"), wrong) == (
            True,
            True,
        )
        assert "try smtps:// in TOGETHER_SMTP." in words
    async with mailboxes(login=True) as boxes:
        where = f"localhost:{boxes.port}"
        bad = MailServer("localhost", boxes.port, Encryption.NONE, USER, Secret("canary"))
        login = f"{where} refuses the login (535). Correct user and password in TOGETHER_SMTP."
        assert await checked(bad) == (login, True)
    async with mailboxes() as boxes:
        where = f"localhost:{boxes.port}"
        boxes.answers["MAIL"] = ["550 5.1.8 canary", "451 4.3.0 canary"]
        nothing = "Correct TOGETHER_MAIL_FROM, or put a login into TOGETHER_SMTP."
        assert await checked(boxes.server()) == (
            f"{where} lets us send nothing (550). {nothing}",
            True,
        )
        later = f"{where} takes no mail now (451). Try again in a few minutes."
        assert await checked(boxes.server()) == (later, True)
        server = boxes.server()
    away = (
        f"no mail server answers at {where}. Correct TOGETHER_SMTP, or let this machine reach it."
    )
    assert await checked(server) == (away, True)


async def test_no_password_is_told(capsys: pytest.CaptureFixture[str]):
    """Neither what is wrong nor what is right shows a word of the login."""
    async with mailboxes() as boxes:
        told = [await checked(boxes.server(login=True)), await checked(boxes.server())]
    assert PASSWORD not in f"{told}{capsys.readouterr()}"
    assert f"{USER}:" not in str(told)
