"""Which texts name a mail server, and what they say of it."""

from __future__ import annotations

import pytest

from together.domain.addresses import BadAddress
from together.domain.mail_servers import (
    BadMailServer,
    Encryption,
    MailServer,
    mail_sender,
    mail_server,
)
from together.domain.secret import Secret


@pytest.mark.parametrize(
    ("text", "server"),
    [
        (
            "smtp+starttls://user:hunter2@mail.example.org:2587",
            MailServer("mail.example.org", 2587, Encryption.STARTTLS, "user", Secret("hunter2")),
        ),
        (
            "smtps://ada%40example.org:p%2Fa%3A%25%20%C3%A9@mail.example.org",
            MailServer(
                "mail.example.org", 465, Encryption.TLS, "ada@example.org", Secret("p/a:% é")
            ),
        ),
        (
            "SMTP+STARTTLS://Mail.example.org/",
            MailServer("mail.example.org", 587, Encryption.STARTTLS),
        ),
        ("smtp://127.0.0.1:1025", MailServer("127.0.0.1", 1025, Encryption.NONE)),
        ("smtp://localhost", MailServer("localhost", 25, Encryption.NONE)),
        ("smtp://[::1]:25", MailServer("::1", 25, Encryption.NONE)),
    ],
)  # fmt: skip
def test_an_address_of_a_mail_server(text, server):
    """The scheme is the encryption and gives the port; a login is percent-encoded."""
    assert mail_server(text) == server


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("smtps://u:hunter2@mail.example.org\r\n", "holds a character"),
        ("smtps://u:hunter2@mail .example.org", "holds a character"),
        ("smtps://u:hunter2@[::1", "not an address"),
        ("smtps://u:hunter/2@mail.example.org", "not an address"),
        ("smtps://u:hunter2@mail.example.org:99999", "not an address"),
        ("u:hunter2@mail.example.org", "has to begin with"),
        ("https://u:hunter2@mail.example.org", "has to begin with"),
        ("smtps://u:hunter2@", "names no server"),
        ("smtps://u:hunter2@mäil.example.org", "names no server"),
        ("smtps://u:hunter2@mail.example.org:0", "names no server"),
        ("smtps://u:hunter2@mail.example.org?x=1", "end after the port"),
        ("smtps://u:hunter2@mail.example.org/inbox", "end after the port"),
        ("smtps://u:12#hunter2@mail.example.org", "end after the port"),
        ("smtp://u:hunter2@mail.example.org", "for a server on this machine"),
        ("smtp://10.0.0.7", "for a server on this machine"),
        ("smtp://localhost.example.org", "for a server on this machine"),
        ("smtps://u@mail.example.org", "user:password, both"),
        ("smtps://:hunter2@mail.example.org", "user:password, both"),
        ("smtps://u:@mail.example.org", "user:password, both"),
        ("smtps://u:hunter@2@mail.example.org", "write @ : %"),
        ("smtps://u:hunter:2@mail.example.org", "write @ : %"),
        ("smtps://u:hunter2%@mail.example.org", "write @ : %"),
        ("smtps://u:hunter2%0D%0A@mail.example.org", "nobody can type"),
        ("smtps://u:hunter2%FF@mail.example.org", "nobody can type"),
    ],
)
def test_what_names_no_mail_server(text, words):
    """Anything else is refused in words that quote nothing of it, for it can hold a password."""
    with pytest.raises(BadMailServer, match=words) as caught:
        mail_server(text)
    assert "hunter" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_password_is_not_printed():
    """The `repr` of a server shows that there is a password, and no more."""
    assert "hunter2" not in repr(mail_server("smtps://u:hunter2@mail.example.org"))


def test_whom_mail_comes_from():
    """An address that every server knows, which is one of ASCII, at a name that DNS could know."""
    assert mail_sender(" together@example.org ") == "together@example.org"
    for text in (
        "together",
        "tögether@example.org",
        "together@exämple.org",
        "a@b..org",
        "a@x.org>",
    ):
        with pytest.raises(BadAddress):
            mail_sender(text)
