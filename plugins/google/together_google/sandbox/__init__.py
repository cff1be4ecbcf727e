"""A stand-in of Google: consent, tokens, calendars and events, in one ASGI app."""

from together_google.sandbox.sandbox import GoogleSandbox
from together_google.sandbox.switches import Switches

__all__ = ["GoogleSandbox", "Switches"]
