"""Clients from a CSV file as rows: any usual delimiter and encoding, headings in Russian or English.

Nothing is believed: sizes are limited, each bad row is told with its number and its reason.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

MOST_BYTES: Final = 200 * 1024 * 1024
MOST_COLUMNS: Final = 200
MOST_CELL: Final = 2000
MOST_NAME: Final = 200
_SNIFFED: Final = 64 * 1024
_DELIMITERS: Final = ";,\t|"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

_NAME = {"name", "client", "full name", "имя", "фио", "клиент", "название", "наименование"}
_CITY = {"city", "город"}
_TIMEZONE = {"timezone", "time zone", "часовой пояс"}
NOT_LOADED: Final = "Not loaded because"  # heads the reasons in a file of bad rows; no field of a client
_PHONE = re.compile(r"(phone|tel|telephone|mobile|телефон|тел|мобильный)\.?\s*(\d*)")


class Row(Struct, frozen=True, kw_only=True):
    """One client as the file has it; phones as written, with their labels."""

    number: int  # the line of the file, counted from 1 as a spreadsheet does
    name: str
    phones: tuple[tuple[str, str], ...]
    city: str
    timezone: str
    fields: dict[str, str]
    cells: tuple[str, ...]


class BadRow(Struct, frozen=True, kw_only=True):
    number: int
    reason: str
    cells: tuple[str, ...]


class BadFile(ValueError):
    """The file can't be read as a list of clients; the message names the mend."""


def read_rows(source: bytes | Path) -> Iterator[Row | BadRow]:
    """The rows of a CSV file, in order. Raises `BadFile` before the first row or not at all."""
    return read_table(source)[1]


def read_table(source: bytes | Path) -> tuple[tuple[str, ...], Iterator[Row | BadRow]]:
    """The headings of a CSV file, and its rows in order. Raises `BadFile` at once or not at all."""
    text = _decode(_content(source))
    delimiter = _delimiter(text[:_SNIFFED])
    lines = _lines(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    heading = next(lines, None)
    if heading is None:
        raise BadFile("the file is empty")
    columns = _Columns(heading[1])
    return tuple(columns.headings), _rows(lines, columns)


def _content(source: bytes | Path) -> bytes:
    if isinstance(source, bytes):
        content = source
    else:
        try:
            with source.open("rb") as file:
                content = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise BadFile(error.strerror or "cannot be read") from error
    if len(content) > MOST_BYTES:
        raise BadFile(f"larger than {MOST_BYTES // 1024 // 1024} MB: split it")
    if content[:4] == b"PK\x03\x04":
        raise BadFile("this is a spreadsheet, not CSV: save it as CSV (UTF-8) first")
    return content


def _decode(content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1251"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            raise BadFile("not a text file: save it as CSV (UTF-8)")
        return text
    raise BadFile("neither UTF-8 nor Windows-1251: save it as CSV (UTF-8)")


def _delimiter(text: str) -> str:
    """The one that parts the first line into most cells."""
    first = text.lstrip("\r\n").partition("\n")[0]
    return max(_DELIMITERS, key=first.count)


def _lines(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str] | str]]:
    """Lines that hold something, with their number; a text instead of cells says what is wrong with one."""
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, f"not CSV: {error}"
            continue
        if any(cell.strip() for cell in cells):
            yield number, cells


class _Columns:
    """What each column holds, by its heading."""

    def __init__(self, heading: list[str] | str) -> None:
        if isinstance(heading, str):
            raise BadFile(heading)
        if len(heading) > MOST_COLUMNS:
            raise BadFile(f"more than {MOST_COLUMNS} columns")
        self.headings = _told_apart([_clean(cell, 100) for cell in heading])
        lowered = [cell.casefold() for cell in self.headings]
        self.name = _first(lowered, _NAME)
        self.city = _first(lowered, _CITY)
        self.timezone = _first(lowered, _TIMEZONE)
        self.phones = [index for index, cell in enumerate(lowered) if _PHONE.fullmatch(cell)]
        if not self.phones:
            raise BadFile("no column of phones: head one with “phone” or “телефон”")
        reasons = [index for index, cell in enumerate(self.headings) if cell == NOT_LOADED]
        taken = {self.name, self.city, self.timezone, *self.phones, *reasons}
        self.fields = [index for index, cell in enumerate(self.headings) if cell and index not in taken]


def _told_apart(headings: list[str]) -> list[str]:
    """Columns of the same name keep what they hold: the second `Note` becomes `Note 2`."""
    taken: set[str] = set()
    for index, heading in enumerate(headings):
        name, number = heading, 2
        while name and name in taken:
            name, number = f"{heading} {number}", number + 1
        taken.add(name)
        headings[index] = name
    return headings


def _first(headings: Sequence[str], wanted: set[str]) -> int | None:
    return next((index for index, heading in enumerate(headings) if heading in wanted), None)


def _rows(lines: Iterator[tuple[int, list[str] | str]], columns: _Columns) -> Iterator[Row | BadRow]:
    for number, cells in lines:
        if isinstance(cells, str):
            yield BadRow(number=number, reason=cells, cells=())
            continue
        yield _row(number, cells, columns)


def _row(number: int, cells: list[str], columns: _Columns) -> Row | BadRow:
    kept = tuple(cell[:MOST_CELL] for cell in cells[:MOST_COLUMNS])
    if len(cells) > len(columns.headings) and any(cell.strip() for cell in cells[len(columns.headings) :]):
        return BadRow(number=number, reason="more cells than headings", cells=kept)
    if any(len(cell) > MOST_CELL for cell in cells):
        return BadRow(number=number, reason=f"a cell is longer than {MOST_CELL} characters", cells=kept)

    def at(index: int | None, most: int = MOST_CELL) -> str:
        return _clean(cells[index], most) if index is not None and index < len(cells) else ""

    phones = tuple(
        (written, columns.headings[index]) for index in columns.phones if (written := at(index, 40))
    )
    if not phones:
        return BadRow(number=number, reason="no phone", cells=kept)
    return Row(
        number=number,
        name=at(columns.name, MOST_NAME),
        phones=phones,
        city=at(columns.city, 100),
        timezone=at(columns.timezone, 64),
        fields={columns.headings[index]: value for index in columns.fields if (value := at(index))},
        cells=kept,
    )


def _clean(cell: str, most: int) -> str:
    """Without control characters and needless spaces, cut to a length."""
    return _CONTROL.sub(" ", cell).strip()[:most]
