"""What tests need of Microsoft: its models to hold requests to, and a walk through consent."""

from together.testing.checking import CheckedTransport
from together_outlook.testing.checker import Checker
from together_outlook.testing.models import Models
from together_outlook.testing.walking import walk_consent

__all__ = ["CheckedTransport", "Checker", "Models", "walk_consent"]
