"""``together plugins``: what is installed; a new one; and one that is checked."""

from __future__ import annotations

import argparse
from pathlib import Path

from together.cli import check_plugin, new_plugin
from together.providers.registry import Registry, load
from together.settings import Settings

INSTALL = (
    "Install one, in a copy of Together's repository: pip install ./plugins/google, or "
    "./plugins/outlook."
)
"""From there, and by no name that a package index would be asked for."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing lists them; `new` writes one, and `check` runs the contract of one."""
    actions = parser.add_subparsers(dest="action", title="more than listing them")
    new = actions.add_parser("new", help="write a package that is a working plugin already")
    new.add_argument("name", help="the plugin's name, and the slug of what it brings: acme")
    new.add_argument("--video", action="store_true", help="a video service instead of a calendar")
    check = actions.add_parser(
        "check", help="run the contract of an installed plugin, which runs its code"
    )
    check.add_argument("package", help="the plugin, by its name or its package's")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """List what is installed, and what is left out and why; or do what was said."""
    if arguments.action == "new":
        folder = new_plugin.write(arguments.name, Path(), video=arguments.video)
        print(f"{folder} holds a plugin that works. Install and test it:")
        print(f"  pip install -e '{folder}[test]' && pytest {folder}")
        print(f"Together then runs its code like its own; {folder}/README.md says what comes next.")
        return 0
    if arguments.action == "check":
        return check_plugin.check(arguments.package)
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
