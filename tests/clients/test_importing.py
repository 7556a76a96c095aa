"""Clients from CSV: whatever a spreadsheet saves is read, and nothing in it is believed."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.clients import importing
from dialer.clients.importing import MOST_CELL, MOST_COLUMNS, BadFile, BadRow, Row, read_rows

RU = "ФИО;Телефон;Телефон 2;Город;Часовой пояс;Договор\nИванов Пётр Ильич;8 916 555-01-01;;Москва;Europe/Moscow;№ 7\n"
EN = "Name,Phone,City,Time zone,Contract\nAda Byron,020 7946 0001,London,Europe/London,HH-1\n"

cells = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029"), max_size=40
).map(str.strip)
delimiters = st.sampled_from(";,\t|")
encodings = st.sampled_from(["utf-8", "utf-8-sig"])


def rows(content: bytes | str | Path) -> list[Row | BadRow]:
    return list(read_rows(content.encode() if isinstance(content, str) else content))


def good(content: bytes | str | Path) -> Row:
    (row,) = rows(content)
    assert isinstance(row, Row)
    return row


def written(table: list[list[str]], delimiter: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(table)
    return text.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_russian_file(encoding: str, delimiter: str) -> None:
    row = good(RU.replace(";", delimiter).encode(encoding))
    assert row.name == "Иванов Пётр Ильич"
    assert row.phones == (("8 916 555-01-01", "Телефон"),)
    assert (row.city, row.timezone, row.fields) == ("Москва", "Europe/Moscow", {"Договор": "№ 7"})
    assert row.number == 2


def test_an_english_file() -> None:
    row = good(EN)
    assert (row.name, row.phones) == ("Ada Byron", (("020 7946 0001", "Phone"),))
    assert row.fields == {"Contract": "HH-1"}


@pytest.mark.parametrize("heading", ["phone", "Phone", "TEL", "телефон", "Телефон 2", "phone2", "Мобильный"])
def test_what_a_column_of_phones_may_be_called(heading: str) -> None:
    assert good(f"name,{heading}\nAda,1234567\n").phones == (("1234567", heading),)


@pytest.mark.parametrize("heading", ["name", "Client", "имя", "ФИО", "Клиент"])
def test_what_a_column_of_names_may_be_called(heading: str) -> None:
    assert good(f"{heading},phone\nAda,1234567\n").name == "Ada"


def test_a_quoted_cell_may_hold_a_line_break_and_the_delimiter() -> None:
    row = good('name;phone;note\n"Ada; Byron";1234567;"two\nlines"\n')
    assert row.name == "Ada; Byron"
    assert row.fields == {"note": "two lines"}


def test_each_bad_row_is_told_with_its_number() -> None:
    text = f"name,phone\nA,1\nB,\nC,2,3\nD,{'x' * (MOST_CELL + 1)}\nE,5\n"
    found = rows(text)
    assert [row.number for row in found] == [2, 3, 4, 5, 6]
    assert [row.reason for row in found if isinstance(row, BadRow)] == [
        "no phone",
        "more cells than headings",
        f"a cell is longer than {MOST_CELL} characters",
    ]


def test_empty_lines_are_passed_over() -> None:
    found = rows("name,phone\n\nA,1\n,\n\nB,2\n")
    assert [row.name for row in found if isinstance(row, Row)] == ["A", "B"]


def test_rows_are_counted_as_a_spreadsheet_counts_them() -> None:
    assert [row.number for row in rows('\n\nname,phone\n"A\nB",1\n\nC,2\n')] == [4, 6]


def test_columns_of_the_same_name_keep_what_they_hold() -> None:
    row = good("name,phone,phone,note,note,note 2\nA,1,2,x,y,z\n")
    assert row.phones == (("1", "phone"), ("2", "phone 2"))
    assert row.fields == {"note": "x", "note 2": "y", "note 2 2": "z"}


@pytest.mark.parametrize(
    ("content", "mend"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"name,city\nAda,London\n", "no column of phones"),
        (b"PK\x03\x04and so on", "save it as CSV"),
        (b"name,phone\0\nA,1\n", "not a text file"),
        (("phone," * (MOST_COLUMNS + 1)).encode() + b"\n", "columns"),
    ],
)
def test_a_file_that_is_no_list_of_clients(content: bytes, mend: str) -> None:
    with pytest.raises(BadFile, match=mend):
        read_rows(content)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadFile):
        read_rows(tmp_path / "nothing.csv")


def test_a_file_that_is_too_large(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importing, "MOST_BYTES", 1024)
    large = tmp_path / "large.csv"
    large.write_bytes(b"phone\n" + b"1\n" * 1024)
    with pytest.raises(BadFile, match="split it"):
        read_rows(large)
    with pytest.raises(BadFile, match="split it"):
        read_rows(large.read_bytes())


@given(st.lists(st.tuples(cells, cells, cells), max_size=20), delimiters, encodings)
def test_what_was_written_is_read(table: list[tuple[str, str, str]], delimiter: str, encoding: str) -> None:
    content = written([["Name", "Phone", "Note"], *(list(row) for row in table)], delimiter).encode(encoding)
    found = rows(content)
    wanted = [row for row in table if any(row)]
    assert [bool(phone) for _, phone, _ in wanted] == [isinstance(row, Row) for row in found]
    for (name, phone, note), row in zip(wanted, found, strict=True):
        if isinstance(row, Row):
            assert (row.name, row.phones[0][0]) == (name, phone[:40])
            assert row.fields == ({"Note": note} if note else {})


@given(st.binary(max_size=400))
def test_no_file_brings_it_down(content: bytes) -> None:
    try:
        found = rows(content)
    except BadFile:
        return
    assert all(row.number >= 2 for row in found)


@given(st.text(max_size=300))
def test_no_text_brings_it_down(text: str) -> None:
    content = b"name;phone;note\n" + text.encode("utf-8", "surrogatepass")
    try:
        found = rows(content)
    except BadFile:
        return
    for row in found:
        if isinstance(row, Row):
            assert row.phones
            kept = (row.name, row.city, *row.fields.values(), *(phone for phone, _ in row.phones))
            assert not any(ord(one) < 32 or one in "\u2028\u2029" for cell in kept for one in cell)
