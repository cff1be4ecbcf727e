"""What tests need of Google: its documents to hold requests to, and a walk through consent."""

from together.testing.checking import CheckedTransport
from together_google.testing.checker import Checker
from together_google.testing.discovery import Discovery
from together_google.testing.walking import walk_consent

__all__ = ["CheckedTransport", "Checker", "Discovery", "walk_consent"]
