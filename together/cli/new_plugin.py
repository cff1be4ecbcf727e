"""``together plugins new``: a package that is a working plugin already."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from together.cli.stop import Stop
from together.providers.hookspecs import PROJECT
from together.providers.registry import NAME

OURS = frozenset({"caldav", "google", "jitsi", "memory", "outlook", "zoom"})
"""Plugins of this repository, whether they are installed or not."""
SETTINGS = frozenset({
    "allowed", "app", "database", "host", "issuers", "keys", "limits", "log", "mail", "mode",
    "plugins", "port", "public", "return", "smtp", "test",
})  # fmt: skip
"""A plugin of one of these names would be given settings of Together's own."""
_WORDS = re.compile("together_acme|acme|Acme|ACME")


def write(name: str, where: Path, *, video: bool) -> Path:
    """Write the package into a folder of its own, and give that folder."""
    _check(name)
    folder = where / f"together-{name.replace('_', '-')}"
    words = {
        "together_acme": f"together_{name.replace('-', '_')}",
        "acme": name,
        "Acme": "".join(part.capitalize() for part in re.split("[_-]", name)),
        "ACME": name.upper().replace("-", "_"),
    }
    templates = files("together.cli") / "templates"
    try:
        folder.mkdir()
        for kind in ("both", "video" if video else "calendar"):
            _copy(templates / kind, folder, words)
    except FileExistsError:
        raise Stop(f"{folder} is there already. Name another plugin, or move it away.") from None
    except OSError as error:
        raise Stop(f"{folder} cannot be made: {error.strerror}.") from None
    return folder


def _check(name: str) -> None:
    if not NAME.match(name):
        raise Stop(
            f"{name[:40]!a} names no plugin. Use a-z first, then a-z, 0-9, “-” and “_” "
            "between them, 31 characters at most.",
            code=2,
        )
    plain = name.replace("-", "_")
    if plain.partition("_")[0] in SETTINGS:
        prefix = f"TOGETHER_{plain.partition('_')[0].upper()}"
        raise Stop(f"{name} is reserved: settings of Together itself begin with {prefix}.", code=2)
    taken = OURS | {point.name for point in entry_points(group=PROJECT)}
    for other in sorted(taken):
        its = other.replace("-", "_")
        if f"{plain}_".startswith(f"{its}_") or f"{its}_".startswith(f"{plain}_"):
            raise Stop(f"{name} is reserved: it belongs to the plugin {other}.", code=2)


def _copy(source: Traversable, target: Path, words: dict[str, str]) -> None:
    for found in source.iterdir():
        called = _told(found.name.removesuffix(".txt"), words)
        if found.is_dir():
            (target / called).mkdir(exist_ok=True)
            _copy(found, target / called, words)
        elif found.name.endswith(".txt"):
            text = _told(found.read_text(encoding="utf-8"), words)
            (target / called).write_text(text, encoding="utf-8")


def _told(text: str, words: dict[str, str]) -> str:
    return _WORDS.sub(lambda found: words[found[0]], text)
