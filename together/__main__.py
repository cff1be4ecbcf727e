"""``python -m together``, and the command ``together``."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command; Ctrl-C is heeded also while its modules are read."""
    try:
        from together.cli.main import main as run
    except KeyboardInterrupt:
        return 130
    return run()


if __name__ == "__main__":
    sys.exit(main())
