"""What each result makes of its entry, and when it may not be saved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.campaigns.dispositions import BY_OUTCOME, INBOUND, OUTBOUND, check_result, settle
from dialer.campaigns.model import MOVES, Campaign, Disposition, EntryState, Retry
from dialer.telephony.model import Outcome

NOW = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
OPERATOR = 7
CAMPAIGN = Campaign(name="Water", language="ru", line="main", max_attempts=5, dispositions=OUTBOUND)

made_up = st.builds(
    Disposition,
    id=st.just("made_up"),
    titles=st.just({"en": "Made up"}),
    group=st.sampled_from(["reached", "not_reached", "refused", "success", "technical"]),
    comment=st.sampled_from(["none", "optional", "required"]),
    callback=st.booleans(),
    retry=st.none() | st.builds(Retry, after_s=st.integers(1, 90 * 24 * 3600)),
    do_not_call=st.booleans(),
    flag_phone=st.booleans(),
)
dispositions = st.sampled_from((*OUTBOUND, *INBOUND)) | made_up
moments = st.none() | st.integers(-3600, 30 * 24 * 3600).map(lambda s: NOW + timedelta(seconds=s))


@given(dispositions, moments, st.integers(0, 9), st.integers(1, 8))
def test_a_result_settles_its_entry(
    disposition: Disposition, callback_at: datetime | None, attempts: int, most: int
) -> None:
    campaign = Campaign(
        name="Water", language="en", line="main", max_attempts=most, dispositions=(disposition,)
    )
    change = settle(
        campaign,
        disposition,
        callback_at=callback_at,
        operator_id=OPERATOR,
        attempts=attempts,
        now=NOW,
    )
    assert change.state in MOVES[EntryState.WRAPUP]
    assert change.state in MOVES[EntryState.CLAIMED], "a result may be given without a call too"
    if disposition.do_not_call:
        assert change.state is EntryState.EXCLUDED, (
            "whoever asks not to be called is out, whatever else is said"
        )
    elif disposition.callback and callback_at is not None:
        assert (change.state, change.due_at) == (EntryState.POSTPONED, callback_at)
        assert change.owner_id == OPERATOR, "whoever promised it keeps it"
    elif disposition.retry is not None and attempts < most:
        assert change.state is EntryState.POSTPONED
        assert change.due_at == NOW + timedelta(seconds=disposition.retry.after_s)
        assert change.owner_id is None
    else:
        assert change.state is EntryState.DONE


@given(dispositions, moments, st.integers(0, 9))
def test_only_a_promised_callback_has_an_owner(
    disposition: Disposition, callback_at: datetime | None, attempts: int
) -> None:
    change = settle(
        CAMPAIGN, disposition, callback_at=callback_at, operator_id=OPERATOR, attempts=attempts, now=NOW
    )
    assert (change.owner_id is not None) <= disposition.callback


@given(st.none() | dispositions, st.text(max_size=20), moments)
def test_what_is_saved_holds_all_that_its_result_asks_for(
    disposition: Disposition | None, comment: str, callback_at: datetime | None
) -> None:
    refusal = check_result(disposition, comment=comment, callback_at=callback_at, now=NOW)
    if refusal is not None:
        assert refusal.code in ("disposition_missing", "comment_missing", "callback_missing", "callback_past")
        return
    assert disposition is not None
    assert comment.strip() or disposition.comment != "required"
    assert not disposition.callback or (callback_at is not None and callback_at > NOW)


@pytest.mark.parametrize(
    ("disposition", "comment", "callback_at", "code"),
    [
        (None, "words", None, "disposition_missing"),
        ("handed_over", " \t\n", None, "comment_missing"),
        ("call_back", "", None, "callback_missing"),
        ("call_back", "", NOW, "callback_past"),
        ("call_back", "", NOW + timedelta(seconds=1), None),
        ("sale", "", None, None),
    ],
)
def test_each_lack_has_its_word(
    disposition: str | None, comment: str, callback_at: datetime | None, code: str | None
) -> None:
    known = {d.id: d for d in (*OUTBOUND, *INBOUND)}
    refusal = check_result(
        known[disposition] if disposition else None, comment=comment, callback_at=callback_at, now=NOW
    )
    assert (refusal.code if refusal else None) == code


@pytest.mark.parametrize("shipped", [OUTBOUND, INBOUND])
def test_shipped_results_are_told_apart_in_both_languages(shipped: tuple[Disposition, ...]) -> None:
    assert len({d.id for d in shipped}) == len(shipped)
    for language in ("ru", "en"):
        assert len({d.titles[language] for d in shipped}) == len(shipped)


def test_what_the_specification_ships_is_there() -> None:
    wanted = {
        "no_answer",
        "unavailable",
        "wrong_number",
        "not_there",
        "secretary",
        "hung_up",
        "could_not_talk",
    }
    wanted |= {"call_back", "refused_no_time", "refused_uses_another", "refused_no_need", "sale"}
    assert wanted <= {d.id for d in OUTBOUND}


def test_every_outcome_of_a_call_without_a_conversation_proposes_a_result() -> None:
    known = {d.id for d in OUTBOUND}
    assert set(BY_OUTCOME.values()) <= known
    assert set(Outcome) - set(BY_OUTCOME) == {Outcome.ANSWERED}


def test_a_title_falls_back_to_english() -> None:
    assert OUTBOUND[0].title("de") == OUTBOUND[0].titles["en"]
