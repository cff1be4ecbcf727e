"""A database's schema as plain values, to be compared."""

from __future__ import annotations

from typing import Any

from together.store.database import Database

_SQLITE = """
SELECT 'column' AS kind, t.name AS owner, c.name AS name, c.type AS told, c."notnull" AS more,
    c.pk AS also
    FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'
UNION ALL
SELECT 'key', t.name, k."from", k."table", k."to", k.on_delete
    FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) k WHERE t.type = 'table'
UNION ALL
SELECT 'index', t.name, CASE i.origin WHEN 'c' THEN i.name ELSE '' END, i."unique", i.partial,
    (SELECT group_concat(name) FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno))
    FROM sqlite_master t JOIN pragma_index_list(t.name) i WHERE t.type = 'table'
UNION ALL
SELECT 'trigger', tbl_name, name, sql, '', '' FROM sqlite_master WHERE type = 'trigger'
"""
_POSTGRES = """
SELECT 'column' AS kind, t.relname::text AS owner, c.attname::text AS name,
    format_type(c.atttypid, c.atttypmod) AS told, c.attnotnull::text AS more
    FROM pg_class t JOIN pg_attribute c ON c.attrelid = t.oid
    WHERE t.relkind = 'r' AND t.relnamespace = 'public'::regnamespace
    AND c.attnum > 0 AND NOT c.attisdropped
UNION ALL
SELECT 'constraint', t.relname::text, c.conname::text, pg_get_constraintdef(c.oid), ''
    FROM pg_class t JOIN pg_constraint c ON c.conrelid = t.oid
    WHERE t.relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'index', tablename::text, indexname::text, indexdef, ''
    FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT 'trigger', t.relname::text, g.tgname::text, pg_get_triggerdef(g.oid), p.prosrc
    FROM pg_class t JOIN pg_trigger g ON g.tgrelid = t.oid JOIN pg_proc p ON p.oid = g.tgfoid
    WHERE NOT g.tgisinternal
"""


async def described(database: Database) -> set[tuple[str, ...]]:
    """Return every column, key, index, constraint and trigger of a database that is entered."""
    sql = _SQLITE if database.dialect == "sqlite" else _POSTGRES
    rows = await database.client.execute_query_dict(sql)
    told = {tuple(str(value) for value in dict(row).values()) for row in rows}
    return {row for row in told if not row[1].startswith("sqlite_") and row[1] != "migration"}


async def tables(database: Database) -> list[str]:
    """Return the names of a database's tables, parents before their children."""
    rows = await database.client.execute_query_dict(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        " AND name <> 'migration' ORDER BY rootpage"
        if database.dialect == "sqlite"
        else "SELECT relname::text AS name FROM pg_class WHERE relkind = 'r'"
        " AND relnamespace = 'public'::regnamespace AND relname <> 'migration' ORDER BY oid"
    )
    return [row["name"] for row in rows]


async def fill(database: Database) -> None:
    """Put a row into every table that has none, with something in every column."""
    described_columns = [row for row in await described(database) if row[0] == "column"]
    for table in await tables(database):
        if await count(database, table):
            continue
        columns = {row[2]: row[3].lower() for row in described_columns if row[1] == table}
        columns.pop("id", None)
        values = ", ".join(_value(name, kind) for name, kind in columns.items())
        names = ", ".join(f'"{name}"' for name in columns)
        await database.client.execute_query(
            f'INSERT INTO "{table}" ({names}) VALUES ({values})'  # noqa: S608
        )


async def contents(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table of a database that is entered."""
    return {
        table: [
            dict(row)
            for row in await database.client.execute_query_dict(
                f'SELECT * FROM "{table}" ORDER BY id'  # noqa: S608
            )
        ]
        for table in await tables(database)
    }


def as_before(
    after: dict[str, list[dict[str, Any]]], before: dict[str, list[dict[str, Any]]]
) -> dict[str, list[dict[str, Any]]]:
    """Return, of what is there after, the tables and columns that were there before.

    What a match had as a text is the name of its program now.
    """
    programs = {row["id"]: row["name"] for row in after.get("program", [])}
    after = {
        table: [
            row | {"program": programs[row["program_id"]]} if table == "match" and programs else row
            for row in rows
        ]
        for table, rows in after.items()
    }
    columns = {table: rows[0].keys() if rows else () for table, rows in before.items()}
    return {
        table: [{name: row.get(name, "gone") for name in names} for row in after.get(table, [])]
        for table, names in columns.items()
    }


async def count(database: Database, table: str) -> int:
    rows = await database.client.execute_query_dict(f'SELECT count(*) AS n FROM "{table}"')  # noqa: S608
    return int(rows[0]["n"])


def _value(name: str, kind: str) -> str:
    if "bool" in kind or (kind == "int" and name in ("active", "live")):
        return "TRUE"
    if "json" in kind:
        return "'{}'"
    if "int" in kind:
        return "2" if name == "ends" else "1"
    return f"'{name[:10]}'"
