"""The CSV files of an import: read whole, with everything wrong in them told line by line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from together.domain.addresses import BadAddress, checked_email, email_key
from together.domain.hours import BadZone, zone_named
from together.domain.programs import USUAL, program_key
from together.domain.texts import BadText, clean_text
from together.store.models import Role

MEMBERS = ("email", "name", "zone", "role")
MATCHES = ("mentor", "mentee", "program")
LARGEST = 10_000_000
"""Bytes of one file."""
LONGEST = 100_000
"""Lines of one file, its first included."""

_SHORT = 200


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong in one line."""

    file: str
    line: int
    words: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.words}"


@dataclass(frozen=True, slots=True)
class MemberLine:
    file: str
    line: int
    email: str
    name: str
    zone: str | None
    """None leaves a member's zone as it is."""
    role: Role | None
    """None leaves a member's role as it is."""

    @property
    def key(self) -> str:
        return email_key(self.email)


@dataclass(frozen=True, slots=True)
class MatchLine:
    file: str
    line: int
    mentor: str
    mentee: str
    program: str
    """Mentor and mentee by their folded address."""

    @property
    def program_key(self) -> str:
        return program_key(self.program)


@dataclass(slots=True)
class Sheets:
    """What a few files say together."""

    members: list[MemberLine] = field(default_factory=list)
    matches: list[MatchLine] = field(default_factory=list)
    problems: list[Wrong] = field(default_factory=list)


def read_sheets(files: Iterable[tuple[str, bytes]]) -> Sheets:
    """Read files, each of members or of matches by its first line."""
    sheets = Sheets()
    for name, data in files:
        _read(sheets, name, data)
    _twice(sheets, {(line.file, line.line): line.key for line in sheets.members})
    pairs = {
        (line.file, line.line): (line.program_key, line.mentor, line.mentee)
        for line in sheets.matches
    }
    _twice(sheets, pairs)
    return sheets


def _read(sheets: Sheets, name: str, data: bytes) -> None:
    def wrong(line: int, words: str) -> None:
        sheets.problems.append(Wrong(name, line, words))

    if len(data) > LARGEST:
        wrong(1, f"The file has more than {LARGEST // 1_000_000} MB. Split it.")
        return
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        wrong(data.count(b"\n", 0, error.start) + 1, "This is not UTF-8. Save the file as UTF-8.")
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: tuple[str, ...] | None = None
    before = 0
    try:
        for row in reader:
            line, before = before + 1, reader.line_num
            if reader.line_num > LONGEST:
                wrong(line, f"The file has more than {LONGEST:,} lines. Split it.")
                return
            if header is None:
                header = tuple(row)
                if header not in (MEMBERS, MATCHES):
                    wrong(
                        1,
                        f"The first line is neither {','.join(MEMBERS)} nor {','.join(MATCHES)}.",
                    )
                    return
            elif row:
                _line(sheets, dict(zip(header, row, strict=False)), name, line, len(row))
    except csv.Error:
        wrong(before + 1, "This line is not CSV: a quote is open or out of place.")
    if header is None:
        wrong(1, "The file is empty.")


def _line(sheets: Sheets, cells: Mapping[str, str], file: str, line: int, count: int) -> None:
    columns = MEMBERS if "email" in cells else MATCHES
    if count != len(columns):
        sheets.problems.append(
            Wrong(file, line, f"There are {count} cells instead of {len(columns)}.")
        )
        return
    cell = _Cells(cells)
    if columns is MEMBERS:
        member = MemberLine(
            file, line, cell.email("email"), cell.text("name"), cell.zone("zone"), cell.role("role")
        )
        if not cell.problems:
            sheets.members.append(member)
    else:
        match = MatchLine(
            file,
            line,
            email_key(cell.email("mentor")),
            email_key(cell.email("mentee")),
            cell.text("program", empty=USUAL),
        )
        if not cell.problems and match.mentor == match.mentee:
            cell.problems.append("mentor and mentee are one person.")
        if not cell.problems:
            sheets.matches.append(match)
    sheets.problems += [Wrong(file, line, words) for words in cell.problems]


class _Cells:
    """Reads the cells of one line and collects what is wrong with them."""

    def __init__(self, cells: Mapping[str, str]) -> None:
        self.cells = cells
        self.problems: list[str] = []

    def text(self, name: str, *, empty: str = "") -> str:
        try:
            text = clean_text(name, self.cells[name].strip(), limit=_SHORT) or empty
        except BadText as bad:
            self.problems.append(str(bad))
            return ""
        if not text:
            self.problems.append(f"{name} is empty.")
        return text

    def email(self, name: str) -> str:
        try:
            return checked_email(self.cells[name])
        except BadAddress as bad:
            filled = self.cells[name].strip()
            self.problems.append(f"{name}: {bad}" if filled else f"{name} is empty.")
            return ""

    def zone(self, name: str) -> str | None:
        zone = self.cells[name].strip()
        try:
            return zone_named(zone).key if zone else None
        except BadZone:
            self.problems.append(
                f"{name}: {zone[:64]!a} is not an IANA time zone, such as Europe/Stockholm."
            )
            return None

    def role(self, name: str) -> Role | None:
        role = self.cells[name].strip().upper()
        if role and role not in set(Role):
            self.problems.append(f"{name}: {role[:40]!a} is none of {', '.join(Role)}.")
            return None
        return Role(role) if role else None


def _twice(sheets: Sheets, keys: Mapping[tuple[str, int], object]) -> None:
    first: dict[object, tuple[str, int]] = {}
    for (file, line), key in keys.items():
        if key in first:
            seen = first[key]
            where = f"line {seen[1]}" if seen[0] == file else f"{seen[0]}:{seen[1]}"
            sheets.problems.append(Wrong(file, line, f"This says again what {where} says."))
        first.setdefault(key, (file, line))
