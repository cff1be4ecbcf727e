"""Tortoise prepares every model whenever a database is opened; the tests let it do so once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any

import pytest
from tortoise.apps import Apps

_OF_A_DIALECT = (
    "filters",
    "db_native_fields",
    "db_default_fields",
    "db_complex_fields",
    "basetable",
    "basequery",
    "basequery_all_fields",
)
"""What Tortoise keeps on a model for the dialect that it speaks; all else is the same for both."""
_CHANGED = _OF_A_DIALECT[:4]
"""These are changed in their place, where they may belong to another dialect still."""


@contextmanager
def kept() -> Iterator[None]:
    """Keep what is prepared for a dialect, and put it back when that dialect is opened again."""
    prepared: dict[type, dict[type, dict[str, Any]]] = {}
    prepare = Apps._build_initial_querysets

    def prepare_once(apps: Apps) -> None:
        models = list(apps.apps.get("together", {}).values())
        dialect = models[0]._meta.db.query_class
        known = prepared.get(dialect)
        if known is None:
            for model in models:
                _put(model._meta, {name: copy(getattr(model._meta, name)) for name in _CHANGED})
            prepare(apps)
            prepared[dialect] = {
                model: {name: getattr(model._meta, name) for name in _OF_A_DIALECT}
                for model in models
            }
            return
        for model in models:
            _put(model._meta, known[model])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Apps, "_build_initial_querysets", prepare_once)
        yield


def _put(meta: Any, given: dict[str, Any]) -> None:
    for name, value in given.items():
        setattr(meta, name, value)
