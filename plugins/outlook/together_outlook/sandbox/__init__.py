"""A stand-in of Microsoft: consent, tokens, calendars and events, in one ASGI app."""

from together_outlook.sandbox.sandbox import OutlookSandbox
from together_outlook.sandbox.switches import Switches

__all__ = ["OutlookSandbox", "Switches"]
