"""What the database itself keeps in step: `member_status` follows members, connections, calendars.

Whoever writes those tables, in whatever process, need not know of it.  Each rule goes by the row
that was written and by the one it writes to, and reads nothing that another transaction may just
be changing: two at once leave what they would have left one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_READS = 1
"""`together.providers.values.Capability.FREE_BUSY`."""

_NOTHING = {
    "source": "'NONE'", "provider": "''", "state": "'NONE'", "can_read": "FALSE", "counting": "0",
    "reads": "FALSE", "unread": "FALSE", "last_at": "0", "read_at": "NULL", "reason": "NULL",
    "listed": "FALSE",
}  # fmt: skip
"""The columns that are about a connection, as they are without one."""
_FOLLOWED = (
    "state, source, provider, capabilities, since, read_at, unreadable_since, reason, listed_at"
)
_USED, _WAS_USED = "NEW.state <> 'SUSPENDED'", "OLD.state <> 'SUSPENDED'"


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    event: str
    """What happens to which table."""
    does: str
    when: str = ""


def member_status(dialect: str) -> Iterator[str]:
    """Make the rules."""
    for rule in (*_of_members(), *_of_connections(dialect), *_of_calendars()):
        name = f"member_status_follows_{rule.name}"
        when = f"WHEN ({rule.when})" if rule.when else ""
        if dialect == "postgres":
            yield f"""CREATE FUNCTION "{name}"() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN {rule.does}; RETURN NULL; END $$"""
            yield f"""CREATE TRIGGER "{name}" AFTER {rule.event} FOR EACH ROW {when}
                EXECUTE FUNCTION "{name}"()"""
        else:
            yield f'CREATE TRIGGER "{name}" AFTER {rule.event} {when} BEGIN {rule.does}; END'


def as_of_now(dialect: str) -> str:
    """Make the rows of all that is there already."""
    told = _told("i", dialect, counting=_counted("i"))
    values = ", ".join(f"COALESCE({told[name]}, {_NOTHING[name]})" for name in _NOTHING)
    return f"""INSERT INTO member_status (
        organization_id, member_id, email_key, active, asked_at, integration_id,
        {", ".join(_NOTHING)}
    ) SELECT m.organization_id, m.id, m.email_key, m.active, 0, i.id, {values}
    FROM member AS m
    LEFT JOIN integration AS i ON i.member_id = m.id AND i.state <> 'SUSPENDED'"""  # noqa: S608


def _of_members() -> Iterator[_Rule]:
    yield _Rule(
        "member",
        "INSERT ON member",
        f"""INSERT INTO member_status (
            organization_id, member_id, email_key, active, asked_at, {", ".join(_NOTHING)}
        ) VALUES (
            NEW.organization_id, NEW.id, NEW.email_key, NEW.active, 0,
            {", ".join(_NOTHING.values())}
        )""",  # noqa: S608
    )
    yield _Rule(
        "member_changed",
        "UPDATE OF email_key, active ON member",
        """UPDATE member_status SET email_key = NEW.email_key, active = NEW.active
            WHERE organization_id = NEW.organization_id AND member_id = NEW.id""",
    )


def _of_connections(dialect: str) -> Iterator[_Rule]:
    comes = f"""UPDATE member_status SET integration_id = NEW.id,
        {_set(_told("NEW", dialect, counting=_counted("NEW")))}
        WHERE organization_id = NEW.organization_id AND member_id = NEW.member_id"""  # noqa: S608
    changes = f"""UPDATE member_status SET {_set(_told("NEW", dialect, counting="counting"))}
        WHERE integration_id = NEW.id"""  # noqa: S608
    goes = f"""UPDATE member_status SET integration_id = NULL, {_set(_NOTHING)}
        WHERE integration_id = OLD.id"""  # noqa: S608
    update = f"UPDATE OF {_FOLLOWED} ON integration"
    yield _Rule("connection", "INSERT ON integration", comes, _USED)
    yield _Rule("connection_back", update, comes, f"{_USED} AND NOT {_WAS_USED}")
    yield _Rule("connection_changed", update, changes, f"{_USED} AND {_WAS_USED}")
    yield _Rule("connection_rests", update, goes, f"NOT {_USED} AND {_WAS_USED}")
    yield _Rule("connection_gone", "DELETE ON integration", goes, _WAS_USED)


def _of_calendars() -> Iterator[_Rule]:
    for name, event, row, more, when in (
        ("calendar", "INSERT", "NEW", "1", "NEW.counts"),
        ("calendar_gone", "DELETE", "OLD", "-1", "OLD.counts"),
        (
            "calendar_changed", "UPDATE OF counts", "NEW",
            "CASE WHEN NEW.counts THEN 1 ELSE -1 END", "NEW.counts <> OLD.counts",
        ),
    ):  # fmt: skip
        counting = f"counting + ({more})"
        does = f"""UPDATE member_status SET counting = {counting},
            reads = (state = 'ACTIVE' AND can_read AND {counting} > 0)
            WHERE integration_id = {row}.integration_id"""  # noqa: S608
        yield _Rule(name, f"{event} ON calendar", does, when)


def _told(row: str, dialect: str, *, counting: str) -> dict[str, str]:
    """Say of a connection what is followed of it."""
    larger = "GREATEST" if dialect == "postgres" else "MAX"
    can_read = f"(({row}.capabilities & {_READS}) = {_READS})"
    return {
        "source": f"{row}.source",
        "provider": f"{row}.provider",
        "state": f"{row}.state",
        "can_read": can_read,
        "counting": counting,
        "reads": f"({row}.state = 'ACTIVE' AND {can_read} AND {counting} > 0)",
        "unread": f"({row}.unreadable_since IS NOT NULL)",
        "last_at": f"{larger}({row}.since, COALESCE({row}.read_at, 0))",
        "read_at": f"{row}.read_at",
        "reason": f"{row}.reason",
        "listed": f"({row}.listed_at > 0)",
    }


def _set(columns: dict[str, str]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in columns.items())


def _counted(row: str) -> str:
    return f"(SELECT COUNT(*) FROM calendar WHERE integration_id = {row}.id AND counts)"  # noqa: S608
