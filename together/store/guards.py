"""What migrations make the database itself refuse, in both dialects.

The names of these rules are how `together.store.refused` tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterator

from together.store.refused import APPEND_ONLY, FOREIGN, OVERLAP


def no_overlap(dialect: str) -> Iterator[str]:
    """Refuse two live seats of one member that overlap."""
    if dialect == "postgres":
        # int8range of the member stands in for btree_gist, which is an extension.
        yield f"""ALTER TABLE "seat" ADD CONSTRAINT "{OVERLAP}" EXCLUDE USING gist (
            int8range(member_id, member_id, '[]') WITH &&, int8range(starts, ends) WITH &&
        ) WHERE (live)"""
        return
    for event, row in (("INSERT", "-1"), ("UPDATE OF member_id, starts, ends, live", "OLD.id")):
        yield f"""CREATE TRIGGER "{OVERLAP}_{event[:6].lower()}" BEFORE {event} ON "seat"
            WHEN NEW.live AND EXISTS (
                SELECT 1 FROM "seat" WHERE member_id = NEW.member_id AND live
                AND ends > NEW.starts AND starts < NEW.ends AND id <> {row}
            ) BEGIN SELECT RAISE(ABORT, '{OVERLAP}'); END"""  # noqa: S608  (names of ours)


def ends_after_start(dialect: str, table: str) -> Iterator[str]:
    """Refuse a span that is empty or reversed."""
    name = f"{table}_ends_after_start"
    if dialect == "postgres":
        yield f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" CHECK (starts < ends)'
        return
    for event in ("INSERT", "UPDATE OF starts, ends"):
        yield f"""CREATE TRIGGER "{name}_{event[:6].lower()}" BEFORE {event} ON "{table}"
            WHEN NEW.starts >= NEW.ends BEGIN SELECT RAISE(ABORT, '{name}'); END"""


def one_receives(dialect: str) -> Iterator[str]:
    """Refuse a second calendar of an integration that receives events."""
    where = "receives" if dialect == "postgres" else "receives = 1"
    yield f'CREATE UNIQUE INDEX "calendar_receives" ON "calendar" (integration_id) WHERE {where}'


def one_of(table: str, column: str) -> Iterator[str]:
    """Refuse a second row of one parent; Tortoise makes nothing of a foreign key's `unique`."""
    yield f'CREATE UNIQUE INDEX "{table}_{column}" ON "{table}" ("{column}")'


def one_in_use() -> Iterator[str]:
    """Refuse a member two connections of one source, and two that are not suspended."""
    yield 'DROP INDEX "integration_member_id"'
    yield 'CREATE UNIQUE INDEX "integration_member_source" ON "integration" (member_id, source)'
    yield """CREATE UNIQUE INDEX "integration_in_use" ON "integration" (member_id)
        WHERE state <> 'SUSPENDED'"""


def one_credential() -> Iterator[str]:
    """Refuse a credential that acts for another organization already."""
    yield """CREATE UNIQUE INDEX "organization_integration_credential"
        ON "organization_integration" (provider, credential_id)"""


def append_only(dialect: str, table: str) -> Iterator[str]:
    """Refuse every change of a row, and every deletion."""
    name = f"{table}_{APPEND_ONLY}"
    if dialect == "postgres":
        yield _raising(name)
        yield f"""CREATE TRIGGER "{name}" BEFORE UPDATE OR DELETE OR TRUNCATE ON "{table}"
            FOR EACH STATEMENT EXECUTE FUNCTION "{name}"()"""
        return
    for event in ("UPDATE", "DELETE"):
        yield f"""CREATE TRIGGER "{name}_{event.lower()}" BEFORE {event} ON "{table}"
            BEGIN SELECT RAISE(ABORT, '{name}'); END"""


def stays(dialect: str, tables: tuple[str, ...]) -> Iterator[str]:
    """Refuse to move a row to another organization."""
    if dialect == "postgres":
        yield _raising(FOREIGN)
    moved = "NEW.organization_id <> OLD.organization_id"
    action = (
        f'FOR EACH ROW WHEN ({moved}) EXECUTE FUNCTION "{FOREIGN}"()'
        if dialect == "postgres"
        else f"WHEN {moved} BEGIN SELECT RAISE(ABORT, '{FOREIGN}'); END"
    )
    for table in tables:
        yield f"""CREATE TRIGGER "{table}_{FOREIGN}" BEFORE UPDATE OF organization_id
            ON "{table}" {action}"""


def same_organization(
    dialect: str, relations: tuple[tuple[str, str, str], ...], *, told_before: bool = False
) -> Iterator[str]:
    """Refuse a row that points at a row of another organization: (table, column, other table).

    `told_before` is for other tables that an earlier step has pointed at in this way already.
    """
    if dialect == "postgres" and not told_before:
        for other in dict.fromkeys(other for _, _, other in relations):
            yield f"""ALTER TABLE "{other}"
                ADD CONSTRAINT "{other}_{FOREIGN}" UNIQUE (id, organization_id)"""
    for table, column, other in relations:
        name = f"{table}_{column}_{FOREIGN}"
        if dialect == "postgres":
            yield f"""ALTER TABLE "{table}" ADD CONSTRAINT "{name}"
                FOREIGN KEY ("{column}", organization_id)
                REFERENCES "{other}" (id, organization_id) ON DELETE CASCADE"""
            continue
        for event in ("INSERT", f'UPDATE OF "{column}", organization_id'):
            yield f"""CREATE TRIGGER "{name}_{event[:6].lower()}" BEFORE {event} ON "{table}"
                WHEN EXISTS (
                    SELECT 1 FROM "{other}"
                    WHERE id = NEW."{column}" AND organization_id <> NEW.organization_id
                ) BEGIN SELECT RAISE(ABORT, '{name}'); END"""  # noqa: S608  (names of ours)


def _raising(rule: str) -> str:
    # Several steps may make triggers that raise the same.
    return f"""CREATE OR REPLACE FUNCTION "{rule}"() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION USING
            ERRCODE = 'integrity_constraint_violation', MESSAGE = '{rule}', CONSTRAINT = '{rule}';
        END $$"""
