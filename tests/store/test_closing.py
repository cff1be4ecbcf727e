"""However opening and closing a database are cut off, no connection's thread is left behind.

Python ends no process before its threads have ended, so one that is left keeps it for ever.
"""

import asyncio
import shutil
import threading
from collections.abc import Coroutine, Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from together.store.database import Database, DatabaseUnavailable
from together.store.models import Organization
from together.store.sqlite import SqliteStore
from together.store.transaction import transaction

FAR = 500


class CutOff:
    """Waits for some work, and is cancelled when that waits for the nth time."""

    def __init__(self, work: Coroutine[Any, Any, object], at: int):
        self._work, self._at = work, at
        self.waits = 0

    def __await__(self) -> Generator[Any, None, None]:
        step, given = self._work.send, None
        while True:
            try:
                waited = step(given)
            except StopIteration:
                return
            self.waits += 1
            if self.waits == self._at:
                asyncio.current_task().cancel()
            try:
                yield waited
                step, given = self._work.send, None
            except BaseException as error:  # noqa: BLE001  (handed on, whatever it is)
                step, given = self._work.throw, error


async def cut_off(work: Coroutine[Any, Any, object], at: int) -> bool:
    """Whether the work waited so often that it was cut off."""
    cutting = CutOff(work, at)

    async def alone() -> None:
        await cutting

    with suppress(asyncio.CancelledError):
        await asyncio.create_task(alone())
    return cutting.waits >= at


def left(before: set[threading.Thread]) -> list[threading.Thread]:
    """The threads that have come since and do not end."""
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
    return [thread for thread in threading.enumerate() if thread not in before]


@pytest.fixture
def url(_sqlite_template: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(_sqlite_template, tmp_path / 'together.db')}"


async def test_an_opening_that_is_cut_off_leaves_no_thread(url: str):
    """Wherever opening is cancelled, what was open by then is closed again."""
    before, cut = set(threading.enumerate()), 0
    for at in range(1, FAR):
        database = Database(url)
        if not await cut_off(database.start(), at):
            await database.close()
            break
        cut = at
        assert (at, left(before)) == (at, [])
    assert (cut > 0, cut < FAR - 1, left(before)) == (True, True, [])


async def test_a_closing_that_is_cut_off_closes_all_the_same(url: str):
    """Wherever closing is cancelled, its caller stays until every connection is closed."""
    before, cut = set(threading.enumerate()), 0
    for at in range(1, FAR):
        database = await Database.open(url)
        if not await cut_off(database.close(), at):
            break
        cut = at
        assert (at, left(before)) == (at, [])
    assert (cut > 0, cut < FAR - 1, left(before)) == (True, True, [])


async def test_a_closing_that_is_cancelled_lets_a_transaction_end(url: str):
    """What is under way when closing is cancelled is carried to its end, and kept."""
    database = await Database.open(url)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        await go_on.wait()
        await Organization.create(slug="saltmarsh", name="Saltmarsh Institute")

    async with database.entered():
        writing = asyncio.create_task(transaction(work))
    await begun.wait()
    closing = asyncio.create_task(database.close())
    for _ in range(3):
        await asyncio.sleep(0)
        closing.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await closing
    await writing
    again = await Database.open(url)
    async with again.entered():
        assert await Organization.all().values_list("slug", flat=True) == ["saltmarsh"]
    await again.close()


async def test_a_closed_database_is_not_opened_again_by_a_late_write(url: str):
    """A write that comes after closing is refused, and opens nothing that nobody would close."""
    before = set(threading.enumerate())
    database = await Database.open(url)
    await database.close()
    async with database.entered():
        with pytest.raises(RuntimeError, match="The database is closed"):
            await Organization.filter(slug="none").update(name="None")
    assert left(before) == []


async def test_an_opening_that_fails_leaves_no_thread(tmp_path: Path):
    """A file that is no database is closed again."""
    path = tmp_path / "letter.db"
    path.write_text("Dear Ada, " * 100)
    before = set(threading.enumerate())
    with pytest.raises(DatabaseUnavailable):
        await Database.open(f"sqlite:///{path}")
    assert left(before) == []


async def test_a_closed_database_is_one_file(tmp_path: Path):
    """Whoever copies the file of a database that is closed has all of it."""
    for number in range(30):
        client = SqliteStore(str(tmp_path / f"{number}.db"), connection_name="sqlite")
        await client.create_connection(with_db=True)
        await client.execute_script("CREATE TABLE kept (id INTEGER PRIMARY KEY)")
        await client.close()
    assert suffixes(tmp_path) == {".db"}


def suffixes(folder: Path) -> set[str]:
    return {each.suffix for each in folder.iterdir()}
