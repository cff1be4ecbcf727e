"""Whether mail reaches anybody, in words that say what to do."""

from __future__ import annotations

from together.domain.mail_servers import Encryption, MailServer
from together.providers.errors import ProviderError
from together.services.outbox.mail import SENDER
from together.services.outbox.postbox import (
    CannotEncrypt,
    LoginRefused,
    MailNotAllowed,
    MailServerPost,
    NotAcceptedYet,
)
from together.setting_words import OURS
from together.settings import Settings

PATIENCE = 10.0

_OTHER = {Encryption.STARTTLS: "smtps", Encryption.TLS: "smtp+starttls"}


async def check_mail(settings: Settings, *, ask: bool) -> tuple[str, bool]:
    """Say how mail leaves, and whether that is wrong; the server is asked only if `ask` says so."""
    server = settings.mail_server
    if server is None:
        words = "TOGETHER_SMTP is not set, so mails are printed where the worker runs"
        if not settings.production:
            return f"{words}.", False
        return f"{words} and reach nobody. Set it to {OURS['SMTP']}.", True
    if not ask:
        return f"goes to {_named(server)}, from {settings.mail_from}", False
    try:
        await MailServerPost(server, patience=PATIENCE).check(sender=settings.mail_from or SENDER)
    except ProviderError as error:
        return _trouble(server, error), True
    return f"{_named(server)} takes it, from {settings.mail_from}", False


def _trouble(server: MailServer, error: ProviderError) -> str:
    said = "" if error.status is None else f" ({error.status})"
    match error:
        case CannotEncrypt():
            return (
                f"{_named(server)} offers no encryption, or its certificate is not good for "
                f"{server.host}. Name the server as its certificate does, let this system trust "
                f"who signed it, or try {_OTHER.get(server.encryption, 'smtps')}:// in "
                "TOGETHER_SMTP."
            )
        case LoginRefused():
            return (
                f"{_named(server)} refuses the login{said}. Correct user and password in "
                "TOGETHER_SMTP."
            )
        case MailNotAllowed():
            return (
                f"{_named(server)} lets us send nothing{said}. Correct TOGETHER_MAIL_FROM, or put "
                "a login into TOGETHER_SMTP."
            )
        case NotAcceptedYet():
            return f"{_named(server)} takes no mail now{said}. Try again in a few minutes."
    return (
        f"no mail server answers at {_named(server)}. Correct TOGETHER_SMTP, or let this machine "
        "reach it."
    )


def _named(server: MailServer) -> str:
    return f"{server.host}:{server.port}"
