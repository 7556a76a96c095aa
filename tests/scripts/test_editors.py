from __future__ import annotations

from dialer.scripts.editors import EXPIRES_S, MOST, Editors


def test_who_falls_silent_is_forgotten() -> None:
    now = [0.0]
    editors = Editors(lambda: now[0])
    editors.here(1, 7, "Ann")
    editors.here(1, 8, "Bob")
    editors.here(2, 9, "Cid")
    assert editors.of(1) == ["Ann", "Bob"]
    assert editors.of(1, but=7) == ["Bob"]
    now[0] = EXPIRES_S - 1
    editors.here(1, 7, "Ann")
    now[0] = EXPIRES_S + 1
    assert editors.of(1) == ["Ann"]
    editors.gone(1, 7)
    assert editors.of(1) == []


def test_no_more_are_remembered_than_fit() -> None:
    editors = Editors(lambda: 0.0)
    for script in range(MOST + 5):
        editors.here(script, 1, "Ann")
    assert editors.of(4) == [] and editors.of(5) == ["Ann"]
