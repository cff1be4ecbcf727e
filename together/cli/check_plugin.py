"""``together plugins check``: the contract of an installed plugin is run, and told as a report."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

from together.cli.stop import Stop
from together.providers.hookspecs import PROJECT

WARNING = (
    "This runs the code of {package}, and that of its tests, as you: with all your files, and your "
    "network."
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one test of the contract."""

    name: str
    kind: str
    """`supported`, `excused` or `not kept`."""
    why: str = ""

    def __str__(self) -> str:
        words = self.name.removeprefix("test_").replace("_", " ")
        return f"{self.kind:9}  {words}{self.why and f': {self.why}'}"


def check(name: str) -> int:
    """Run the contract of one plugin; 0 where all of it is kept or excused."""
    point = _point(name)
    package = point.dist.name if point.dist else point.module
    print(WARNING.format(package=package), flush=True)
    targets = _targets(point)
    if importlib.util.find_spec("pytest") is None:
        raise Stop("The contract is run by pytest, which is not installed: pip install pytest.")
    outcomes, said = _run(targets)
    counts = dict.fromkeys(("supported", "excused", "not kept"), 0)
    for outcome in outcomes:
        counts[outcome.kind] += 1
        print(outcome)
    if not outcomes:
        raise Stop(f"No test of {package} was run.\n{said}".rstrip())
    print(f"{package}: {', '.join(f'{number} {kind}' for kind, number in counts.items())}.")
    return 1 if counts["not kept"] else 0


def _point(name: str) -> EntryPoint:
    """Find a plugin by its own name, or by its package's."""
    known = list(entry_points(group=PROJECT))
    for point in known:
        if name in (point.name, point.dist.name if point.dist else point.module):
            return point
    names = ", ".join(sorted({point.name for point in known})) or "none"
    raise Stop(f"No installed plugin is called {name[:40]!a}. Installed: {names}.")


def _targets(point: EntryPoint) -> list[str]:
    """Give where its contract is: in the package, or beside one that is installed editable."""
    module = point.module.partition(".")[0]
    spec = importlib.util.find_spec(module)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(folder) / "contract.py").is_file():
            return [str(Path(folder) / "contract.py")]
    if (source := _source(point)) and (found := sorted(source.glob("tests/test_contract*.py"))):
        return [str(path) for path in found]
    raise Stop(
        f"{module} brings no contract to run. Let its module {module}.contract hold the classes "
        "that inherit the contract kit, as `together plugins new` writes it."
    )


def _source(point: EntryPoint) -> Path | None:
    told = point.dist.read_text("direct_url.json") if point.dist else None
    found = json.loads(told or "{}")
    if not found.get("dir_info", {}).get("editable"):
        return None
    return Path(unquote(urlsplit(found["url"]).path))


def _run(targets: list[str]) -> tuple[list[Outcome], str]:
    with tempfile.TemporaryDirectory(prefix="together-check-") as folder:
        report = Path(folder) / "report.xml"
        # As whoever writes a plugin runs it: with nothing but pytest's own settings.
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull,
             "--rootdir", folder, "--import-mode=importlib", f"--junitxml={report}", *targets],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if not report.exists():
            return [], done.stderr[-2000:]
        cases = ElementTree.parse(report).iter("testcase")  # noqa: S314  (pytest's own, just made)
        return [_outcome(case) for case in cases], done.stdout[-2000:]


def _outcome(case: ElementTree.Element) -> Outcome:
    name = case.get("name", "")
    for kind in ("failure", "error"):
        if (found := case.find(kind)) is not None:
            return Outcome(name, "not kept", found.get("message", "").partition("\n")[0][:200])
    if (found := case.find("skipped")) is None:
        return Outcome(name, "supported")
    # Only what is marked xfail with a reason is excused: who skips a test says nothing.
    kind = "excused" if found.get("type") == "pytest.xfail" else "not kept"
    return Outcome(name, kind, found.get("message", ""))
