"""``python -m together``, and the command ``together``."""

from __future__ import annotations

import sys

from together.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
