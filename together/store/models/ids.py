"""Ids for the outside."""

from __future__ import annotations

import secrets


def new_uid() -> str:
    """Make an id for the outside: 128 random bits, 22 characters."""
    return secrets.token_urlsafe(16)
