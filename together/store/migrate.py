"""The steps from an empty database to this program's, each whole or not at all."""

from __future__ import annotations

import os
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path

from tortoise.connection import get_connection
from tortoise.migrations.migration import Migration
from tortoise.migrations.operations import DIRECT_RELATION_FIELDS
from tortoise.migrations.schema_editor import AsyncpgSchemaEditor, SqliteSchemaEditor
from tortoise.migrations.schema_generator.state import ModelState, State
from tortoise.migrations.schema_generator.state_apps import StateApps
from tortoise.models import Model

from together.store import migrations
from together.store.database import Database, DatabaseUnavailable
from together.store.transaction import transaction

_LOCK = 0x746F67657468  # "togeth": ours among the advisory locks of a PostgreSQL database


class NewerDatabase(DatabaseUnavailable):
    """The database was migrated by a newer version of this program."""

    def __init__(self, steps: list[str]) -> None:
        super().__init__(
            "The database was made by a newer version of Together "
            f"(it has {', '.join(steps)}). Start that version, or restore an older backup."
        )
        self.steps = steps


class NotMigrated(DatabaseUnavailable):
    """The database lacks steps that this program needs."""

    def __init__(self, steps: list[str]) -> None:
        super().__init__(f"The database lacks {', '.join(steps)}: run together migrate.")
        self.steps = steps


def steps() -> list[Migration]:
    """Return every step, in order."""
    names = sorted(found.name for found in pkgutil.iter_modules(migrations.__path__))
    return [
        import_module(f"{migrations.__name__}.{name}").Migration(name, "together") for name in names
    ]


async def pending(url: str) -> list[str]:
    """Name the steps that a database lacks.  One from a newer program is refused."""
    database = Database(url)
    if database.path is not None and not _is_there(database.path):
        return [step.name for step in steps()]
    await database.connect()
    try:
        async with database.entered():
            return await _lacking(database)
    finally:
        await database.close()


async def check(database: Database) -> None:
    """Refuse a database, entered, that is older or newer than this program."""
    if lacking := await _lacking(database):
        raise NotMigrated(lacking)


async def migrate(url: str, *, say: Callable[[str], object] = lambda _: None) -> list[str]:
    """Take every step that is lacking and name them.  Two at once take each step once."""
    database = Database(url)
    if database.path is not None:
        _make(database.path)
    await database.connect()
    try:
        async with database.entered():
            return await _migrate(database, say)
    finally:
        await database.close()


async def _migrate(database: Database, say: Callable[[str], object]) -> list[str]:
    if database.dialect == "sqlite":
        # A step that remakes a table drops the old one; its rows' children must not go with it.
        await database.client.execute_script("PRAGMA foreign_keys = OFF")
    models: dict[tuple[str, str], ModelState] = {}
    state: State = Shape(models, Tables(database.dialect, models))
    taken = []
    for step in steps():
        after = await transaction(partial(_take, database, step, state))
        if after is None:
            state = await step.apply(state, dry_run=True)
            continue
        state = after
        say(step.name)
        taken.append(step.name)
    return taken


class Tables(StateApps):
    """Models as steps need them: they make tables, and nobody asks these models for rows.

    Tortoise makes all of them anew for every operation.  Here one is made when an operation asks
    for it, with those that it refers to, and forgotten when any has changed.
    """

    def __init__(self, dialect: str, states: dict[tuple[str, str], ModelState]) -> None:
        super().__init__({"together": dialect})
        self._dialect, self._states = dialect, states

    def get_model(self, app_label: str, model_name: str | None = None) -> type[Model]:
        if model_name is None:
            app_label, model_name = self.split_reference(app_label)
        if model_name not in self.apps.get(app_label, {}):
            for key in self._referred((app_label, model_name)):
                if key[1] not in self.apps.get(key[0], {}):
                    self.register_model(key[0], self._states[key].render(self))
            self._init_relations()
            self._build_initial_querysets()
        return super().get_model(app_label, model_name)

    def of(self, states: dict[tuple[str, str], ModelState]) -> Tables:
        return Tables(self._dialect, states)

    def forget(self) -> None:
        self.apps.clear()

    def unresolved(self) -> list[str]:
        """Name what a model refers to and no step has made."""
        known = self._states.keys()
        return sorted({".".join(to) for key in known for to in self._referring(key) - known})

    def _referred(self, key: tuple[str, str]) -> set[tuple[str, str]]:
        """Give a model, with all that it refers to, and that those refer to."""
        found, ahead = set(), {key}
        while ahead:
            found |= ahead
            ahead = {to for one in ahead for to in self._referring(one)} - found
        return found

    def _referring(self, key: tuple[str, str]) -> set[tuple[str, str]]:
        fields = self._states[key].fields.values()
        return {
            self.split_reference(field.model_name)
            for field in fields
            if isinstance(field, DIRECT_RELATION_FIELDS)
        }

    def _build_initial_querysets(self) -> None:
        # Most of what these cost were filters for queries.
        for models in self.apps.values():
            for model in models.values():
                model._meta.finalise_fields()
                model._meta._generate_db_fields()
                model._meta._resolve_index_expressions()


@dataclass
class Shape(State):
    """What the tables look like between two steps."""

    apps: Tables

    def clone(self) -> Shape:
        # Operations put other fields and options in the place of these, and change none of them.
        models = {
            key: replace(model, options=dict(model.options), fields=dict(model.fields))
            for key, model in self.models.items()
        }
        return Shape(models, self.apps.of(models))

    def reload_model(self, app_label: str, model_name: str) -> None:
        self.apps.forget()

    def reload_models(self, model_tuples: Iterable[tuple[str, str]]) -> None:
        self.apps.forget()

    def validate_relations_initialized(self) -> None:
        if unresolved := self.apps.unresolved():
            raise RuntimeError(f"No step makes {', '.join(unresolved)}.")


async def _take(database: Database, step: Migration, before: State) -> State | None:
    """Take a step, and give what it leads to; None where it was taken before."""
    client = get_connection(database.dialect)
    if database.dialect == "postgres":
        await client.execute_query(f"SELECT pg_advisory_xact_lock({_LOCK})")
    await client.execute_query(
        "CREATE TABLE IF NOT EXISTS migration (name VARCHAR(100) PRIMARY KEY)"
    )
    if step.name not in await _lacking(database):
        return None
    editor = {"sqlite": SqliteSchemaEditor, "postgres": AsyncpgSchemaEditor}[database.dialect]
    after = await step.apply(before.clone(), schema_editor=editor(client))
    if database.dialect == "sqlite" and await client.execute_query_dict("PRAGMA foreign_key_check"):
        raise RuntimeError(f"{step.name} leaves rows whose parents are gone.")
    await client.execute_query(f"INSERT INTO migration (name) VALUES ('{step.name}')")  # noqa: S608
    return after


async def _lacking(database: Database) -> list[str]:
    client = get_connection(database.dialect)
    found = {
        "sqlite": "SELECT 1 FROM sqlite_master WHERE name = 'migration'",
        "postgres": "SELECT 1 FROM pg_tables WHERE tablename = 'migration'"
        " AND schemaname = current_schema()",
    }[database.dialect]
    taken: set[str] = set()
    if await client.execute_query_dict(found):
        taken = {
            row["name"] for row in await client.execute_query_dict("SELECT name FROM migration")
        }
    known = [step.name for step in steps()]
    if newer := sorted(taken.difference(known)):
        raise NewerDatabase(newer)
    return [name for name in known if name not in taken]


def _is_there(path: Path) -> bool:
    # Path.exists raises for a name that is too long, or in a folder that may not be entered.
    return os.path.exists(path)  # noqa: PTH110


def _make(path: Path) -> None:
    """Make an empty database that nobody else can read; SQLite gives its other files the mode."""
    if _is_there(path):
        return
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise DatabaseUnavailable(f"No database can be made at {path}: {error.strerror}.") from None
