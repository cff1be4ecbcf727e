"""What each of our settings is set to, in words that a problem with it ends with."""

from __future__ import annotations

from collections.abc import Mapping

OURS: Mapping[str, str] = {
    "PUBLIC_URL": "the address that people's browsers see, such as https://together.example.org",
    "DATABASE": (
        "sqlite:///together.db (a file in this folder), sqlite:////var/lib/together/together.db "
        "or postgres://user:password@host/name"
    ),
    "KEYS": "the path of the key file that `together keys new` made",
    "HOST": "the address to listen on, such as 127.0.0.1",
    "PORT": "a number from 1 to 65535",
    "ISSUERS": (
        'a JSON list such as [{"issuer": "https://login.example.org", "audience": "together", '
        '"organization": "saltmarsh"}], or the path of a file that holds one'
    ),
    "RETURN_TO": (
        "a list, separated by commas, of the addresses a consent may return to, such as "
        "https://app.example.org/profile"
    ),
    "SMTP": (
        "smtp+starttls://user:password@mail.example.org:587 or "
        "smtps://user:password@mail.example.org:465 (smtp://127.0.0.1:25 on this machine)"
    ),
    "MAIL_FROM": "an address of your own domain that mails come from, as together@example.org",
    "APP_URL": (
        "the page where people connect their calendars, such as "
        "https://app.example.org/profile/calendar"
    ),
    "ALLOWED_HOSTS": "a list, separated by commas, of host names without a port",
    "PLUGINS": "a list, separated by commas, of the plugins to load",
    "LIMITS": 'a JSON object of limits by name, such as {"cost": 10000, "seconds": 30}',
    "DOCUMENTS": "the path of the manifest of documents that graphql-codegen wrote",
    "DOCUMENTS_ONLY": "yes, to accept the documents of the manifest and no others, or no",
    "MODE": "production or development",
    "LOG_LEVEL": "DEBUG, INFO, WARNING or ERROR",
    "LOG_FORMAT": "text or json",
    "OPERATIONS_HOST": "the address that health and metrics listen on, such as 127.0.0.1",
    "OPERATIONS_PORT": "a number from 1 to 65535, on which health and metrics are had",
}
"""Our settings, each with what it is set to."""
