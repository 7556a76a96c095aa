"""What the page shows of a desk, and which result it proposes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from dialer.auth.model import Role, User
from dialer.campaigns.dispositions import BY_OUTCOME, INBOUND, OUTBOUND
from dialer.campaigns.model import Campaign, Claim, Disposition, Refusal
from dialer.campaigns.service import PastResult
from dialer.clients.service import Client, Phone
from dialer.desk.kept import Loaded, Today
from dialer.desk.model import CallRecord, Desk, Draft, Work
from dialer.desk.render import render, suggested
from dialer.desk.view import CampaignChoice, CampaignView, DeskState, DeskView
from dialer.telephony.model import CallState, Outcome

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
USER = User(id=1, login="ann", name="Ann", role=Role.OPERATOR, language="ru", created_at=NOW)
CLAIM = Claim(entry_id=1, client_id=2, epoch=1, attempts=1, lease_until=NOW + timedelta(minutes=2))
CLIENT = Client(
    id=2,
    name="Иванов Пётр Ильич",
    city="Тверь",
    timezone="Europe/Moscow",
    fields={"Долг": "5", "Адрес": "—"},
    is_new=False,
    phones=(
        Phone(id=1, e164="+79161110200", label="дом", flagged=True),
        Phone(id=2, e164="+74951234567", label="", flagged=False),
    ),
)


def loaded(dispositions: tuple[Disposition, ...] = OUTBOUND, **more: Any) -> Loaded:
    campaign = Campaign(id=1, name="Вода", language="ru", line="main", dispositions=dispositions)
    return Loaded(campaign=campaign, client=CLIENT, history=[], **more)


def ended(outcome: Outcome | None, by: str = "system", *, bridged: bool = False) -> Work:
    call = CallRecord(
        id="C",
        leg="C",
        direction="outbound",
        number="+74951234567",
        line="main",
        state=CallState.ENDED,
        started_at=NOW,
        bridged_at=NOW if bridged else None,
        ended_at=NOW,
        outcome=outcome.value if outcome else "",
        ended_by=by,
    )
    return work(call=call)


def work(**more: Any) -> Work:
    given = {"claim": CLAIM, "direction": "outbound"} | more
    return Work(id="W", campaign_id=1, client_id=2, began_at=NOW, **given)


def shown(desk_work: Work | None, around: Loaded | None = None, **more: Any) -> DeskView:
    given: dict[str, Any] = {"refusal": None, "pbx_up": True} | more
    return render(
        Desk(operator_id=1, since=NOW, work=desk_work, session_leg="S", session_up=True),
        USER,
        around,
        choices=[CampaignChoice(id=1, name="Вода", waiting=3)],
        campaign=CampaignView(id=1, name="Вода", talking_point="Скидка"),
        today=Today(calls=2, successes=1, talk_s=60),
        now=NOW,
        **given,
    )


# --- which result is proposed -----------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.ANSWERED])
def test_an_outcome_proposes_its_result(outcome: Outcome) -> None:
    assert suggested(ended(outcome), loaded()) == BY_OUTCOME[outcome]


@pytest.mark.parametrize(
    ("by", "bridged", "proposal"),
    [("client", True, "hung_up"), ("operator", True, ""), ("system", True, ""), ("client", False, "")],
)
def test_who_hung_up_in_a_conversation_proposes_it(by: str, bridged: bool, proposal: str) -> None:
    assert suggested(ended(Outcome.ANSWERED, by, bridged=bridged), loaded()) == proposal


def test_nothing_is_proposed_before_the_end_of_a_call() -> None:
    assert suggested(work(), loaded()) == ""
    call = ended(Outcome.BUSY).call
    assert call is not None
    going_on = work(call=msgspec.structs.replace(call, state=CallState.RINGING))
    assert suggested(going_on, loaded()) == ""


def test_nothing_is_proposed_that_the_campaign_does_not_have() -> None:
    assert suggested(ended(Outcome.BUSY), loaded(INBOUND)) == ""
    assert suggested(ended(Outcome.BUSY), loaded(())) == ""


# --- what is shown ----------------------------------------------------------------------------------------------


def test_the_card_has_all_that_is_known() -> None:
    history = [PastResult(at=NOW, campaign="Чай", disposition="Занято", comment="", operator="Bob")]
    view = shown(work(), msgspec.structs.replace(loaded(), history=history))
    assert view.work is not None
    card = view.work.card
    assert (card.name, card.city, card.timezone, card.is_new) == (
        CLIENT.name,
        "Тверь",
        "Europe/Moscow",
        False,
    )
    assert [(field.label, field.value) for field in card.fields] == [("Долг", "5"), ("Адрес", "—")]
    assert [(p.national, p.label, p.flagged) for p in card.phones] == [
        ("+7 916 111-02-00", "дом", True),
        ("+7 495 123-45-67", "", False),
    ]
    assert [line.disposition for line in card.history] == ["Занято"]
    assert (card.attempt, card.max_attempts) == (2, 5), "the one that comes now"


def test_results_are_in_the_operators_language() -> None:
    view = shown(work(), loaded())
    assert view.work is not None
    titles = {one.id: one.title for one in view.work.dispositions}
    assert titles["sale"] == "Заявка оформлена"
    assert list(titles) == [disposition.id for disposition in OUTBOUND], "in the campaign's order"


def test_the_limit_of_a_preview_stands_until_the_call() -> None:
    before, after = shown(work(), loaded()).work, shown(ended(Outcome.BUSY), loaded()).work
    assert before is not None
    assert after is not None
    assert (before.lease_until, after.lease_until) == (CLAIM.lease_until, None)


def test_a_draft_is_shown_as_it_was_left() -> None:
    callback = NOW + timedelta(minutes=15)
    for draft in (Draft(disposition="call_back", callback_at=callback), Draft(comment="only words")):
        view = shown(work(draft=draft), loaded())
        assert view.work is not None
        assert view.work.draft is not None
        assert msgspec.structs.asdict(view.work.draft) == msgspec.structs.asdict(draft)
    empty = shown(work(), loaded()).work
    assert empty is not None
    assert empty.draft is None


def test_an_offered_call_shows_its_number() -> None:
    call = CallRecord(
        id="C",
        leg="I",
        direction="inbound",
        number="+442079460018",
        line="main",
        state=CallState.RINGING,
        started_at=NOW,
    )
    view = shown(work(call=call, claim=None, direction="inbound", offered_until=NOW), loaded(INBOUND))
    assert (view.state, view.number) == (DeskState.OFFERED, "020 7946 0018")
    assert view.work is not None
    assert (view.work.card.max_attempts, view.work.lease_until) == (0, None)


def test_a_caller_without_a_number_is_shown_as_one() -> None:
    call = ended(Outcome.ANSWERED).call
    assert call is not None
    view = shown(work(call=msgspec.structs.replace(call, number="")), loaded())
    assert view.number == ""


def test_an_empty_desk() -> None:
    refusal = Refusal(code="cooldown", params={"seconds": 60}, until=NOW + timedelta(seconds=60))
    view = shown(None, refusal=refusal, pbx_up=False)
    assert (view.state, view.work, view.pbx_up, view.number) == (DeskState.READY, None, False, "")
    assert view.refusal is not None
    assert (view.refusal.code, view.refusal.until) == ("cooldown", NOW + timedelta(seconds=60))
    assert (view.today.calls, view.today.successes, view.today.talk_s) == (2, 1, 60)


def test_hostile_text_is_handed_on_as_text() -> None:
    """The page shows text; what is dangerous as markup must come through unchanged, not half mended."""
    hostile = "<script>alert(1)</script>\u202e=HYPERLINK(1)\x1b[31m"
    around = msgspec.structs.replace(loaded(), client=msgspec.structs.replace(CLIENT, name=hostile))
    view = shown(work(), around)
    assert view.work is not None
    assert view.work.card.name == hostile
    assert msgspec.json.decode(msgspec.json.encode(view))["work"]["card"]["name"] == hostile
