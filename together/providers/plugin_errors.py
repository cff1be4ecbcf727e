"""How plugins fail to fit, and the settings each is given."""

from __future__ import annotations


class PluginError(Exception):
    """An installed plugin cannot stand beside the others; the operator must choose."""


class DuplicateProvider(PluginError):  # noqa: N818  (named for what is wrong)
    """A slug is taken, or belongs to another plugin."""


class UnknownHook(PluginError):  # noqa: N818  (named for what is wrong)
    """A plugin implements a hook that there is not, or with arguments it does not have."""


class MissingSetting(KeyError):  # noqa: N818  (named for what is wrong)
    """A plugin asked for a setting that this installation does not have."""


class PluginSettings(dict[str, str]):
    """What one plugin is given: the settings under its own prefix, without it."""

    prefix: str = ""

    def __missing__(self, name: str) -> str:
        raise MissingSetting(self.prefix + name)
