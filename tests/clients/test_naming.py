"""How a client is addressed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.clients.naming import first_name


@pytest.mark.parametrize(
    ("name", "language", "said"),
    [
        ("Иванов Пётр Сергеевич", "ru", "Пётр Сергеевич"),
        ("Иванов Пётр", "ru", "Пётр"),
        ("Пётр", "ru", "Пётр"),
        ("  Мамедов   Али  Гасан  оглы ", "ru", "Али Гасан"),
        ("Ann Smith", "en", "Ann"),
        ("Ann Mary Smith", "en", "Ann"),
        ("", "ru", ""),
        ("   ", "en", ""),
    ],
)
def test_first_name(name: str, language: str, said: str) -> None:
    assert first_name(name, language) == said


@given(st.text(max_size=40), st.sampled_from(["ru", "en"]))
def test_only_words_of_the_name_are_said(name: str, language: str) -> None:
    said = first_name(name, language)
    assert said == " ".join(said.split())
    assert set(said.split()) <= set(name.split())
    assert bool(said) == bool(name.strip())
