"""Two matched people find a time and book a session."""

__version__ = "0.1.0"
