"""The settings about mail: who takes it, whom it comes from, and where its link leads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from together.domain import addresses, web_addresses
from together.domain.mail_servers import BadMailServer, MailServer, mail_sender, mail_server
from together.setting_words import OURS


def mail_settings(text_of: Callable[[str], str], problems: list[str]) -> dict[str, Any]:
    """Read them, and add what is wrong to the problems; of a login nothing is shown."""
    server: MailServer | None = None
    sender = app_url = None
    if text := text_of("SMTP"):
        try:
            server = mail_server(text)
        except BadMailServer as bad:
            problems.append(f"TOGETHER_SMTP: {bad} Set it to {OURS['SMTP']}.")
        if not text_of("MAIL_FROM"):
            problems.append(f"TOGETHER_MAIL_FROM is not set. Set it to {OURS['MAIL_FROM']}.")
    if text := text_of("MAIL_FROM"):
        try:
            sender = mail_sender(text)
        except addresses.BadAddress as wrong:
            problems.append(f"TOGETHER_MAIL_FROM: {wrong} Set it to {OURS['MAIL_FROM']}.")
    if text := text_of("APP_URL"):
        try:
            app_url = web_addresses.web_address(text)
        except web_addresses.BadAddress as no:
            problems.append(f"TOGETHER_APP_URL: {no} Set it to {OURS['APP_URL']}.")
    return {"mail_server": server, "mail_from": sender, "app_url": app_url}
