"""``together plugins``."""

from __future__ import annotations

import argparse

from together.providers.registry import Registry, load
from together.settings import Settings

INSTALL = (
    "Install one, in a copy of Together's repository: pip install ./plugins/google, or "
    "./plugins/outlook."
)
"""From there, and by no name that a package index would be asked for."""


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """It takes none."""


def run(_arguments: argparse.Namespace, settings: Settings) -> int:
    """List what is installed, and what is left out and why."""
    registry = load(settings.environ, only=settings.plugins)
    print("\n".join(described(registry)))
    return 0


def described(registry: Registry) -> list[str]:
    """One line for each provider, and one for each plugin that is left out."""
    labels = [(slug, one.label, "calendar") for slug, one in sorted(registry.calendars.items())]
    labels += [(slug, one.label, "video") for slug, one in sorted(registry.videos.items())]
    lines = [
        f"{slug}: {label} ({kind}), from {registry.distributions[slug]}"
        for slug, label, kind in labels
    ]
    lines += [f"{name}: left out, {why}" for name, why in sorted(registry.left_out.items())]
    return lines or [f"No plugin is installed. {INSTALL}"]
