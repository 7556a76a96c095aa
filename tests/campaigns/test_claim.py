"""Claims in a real SQLite store: who gets which entry, what may be dialled, and what a stale hold can do."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import insert, select

from dialer.campaigns import claim as claims_of
from dialer.campaigns import leases
from dialer.campaigns.claim import StaleClaim
from dialer.campaigns.model import HELD, MOVES, Claim, EntryState, Refusal, Rules
from dialer.campaigns.tables import attempts, claims, entries
from dialer.clients import service as clients
from dialer.clients.tables import phones
from tests.campaigns.conftest import Pool

# --- the order in which entries are handed out ------------------------------------------------------------------


def test_own_callbacks_then_anybodys_then_the_pool_by_priority(pool: Pool) -> None:
    campaign = pool.campaign(patience_s=1800)
    mine, other = pool.operator(), pool.operator()
    anybodys, own_late, own_early = (pool.entry(campaign) for _ in range(3))
    for entry, owner, minutes in ((anybodys, None, 1), (own_late, mine, 3), (own_early, mine, 2)):
        claim = pool.claim(campaign, mine)
        assert claim.entry_id == entry
        pool.postpone(claim, minutes, owner)
    plain, urgent, next_plain = pool.entry(campaign), pool.entry(campaign, priority=5), pool.entry(campaign)
    pool.pass_time(minutes=3)

    order = []
    for _ in range(6):
        claim = pool.claim(campaign, mine)
        order.append(claim.entry_id)
        pool.finish(claim)
    assert order == [own_early, own_late, anybodys, urgent, plain, next_plain]
    assert pool.next(campaign, other) == Refusal(code="pool_empty")


def test_a_callback_of_another_waits_out_the_patience(pool: Pool) -> None:
    campaign = pool.campaign(patience_s=600)
    owner, other = pool.operator(), pool.operator()
    entry = pool.entry(campaign)
    pool.postpone(pool.claim(campaign, owner), 15, owner)
    pool.pass_time(minutes=15, seconds=599)
    assert pool.next(campaign, other) == Refusal(code="pool_empty")
    pool.pass_time(seconds=1)
    assert pool.claim(campaign, other).entry_id == entry


def test_a_callback_is_not_early(pool: Pool) -> None:
    campaign, operator = pool.campaign(), pool.operator()
    pool.entry(campaign)
    pool.postpone(pool.claim(campaign, operator), 15, operator)
    pool.pass_time(minutes=15, microseconds=-1)
    assert pool.next(campaign, operator) == Refusal(code="pool_empty")
    pool.pass_time(microseconds=1)
    pool.claim(campaign, operator)


# --- who is not handed out --------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["draft", "paused", "finished", "archived"])
def test_a_campaign_that_does_not_run_hands_nothing_out(pool: Pool, status: str) -> None:
    campaign = pool.campaign(status=status)
    pool.entry(campaign)
    assert pool.next(campaign, pool.operator()) == Refusal(code="campaign_not_running")


def test_a_client_with_no_number_that_may_be_called_stays_in_the_pool(pool: Pool) -> None:
    campaign, operator = pool.campaign(), pool.operator()
    blocked = pool.client("+79000000001")
    clients.block_number(pool.conn, "+79000000001", reason="asked", now=pool.now)
    flagged = pool.client("+79000000002")
    clients.flag_phone(pool.conn, clients.load(pool.conn, flagged).phones[0].id)
    nobody = clients.create(pool.conn, name="Nobody", numbers=[], now=pool.now)
    for client in (blocked, flagged, nobody):
        pool.entry(campaign, client)
    assert pool.next(campaign, operator) == Refusal(code="pool_empty")


def test_one_number_that_may_be_called_is_enough(pool: Pool) -> None:
    campaign = pool.campaign()
    client = pool.client("+79000000001", "+79000000002", "+79000000003")
    clients.block_number(pool.conn, "+79000000001", reason="asked", now=pool.now)
    clients.flag_phone(pool.conn, clients.load(pool.conn, client).phones[1].id)
    pool.entry(campaign, client)
    claim = pool.claim(campaign, pool.operator())
    assert claim.client_id == client
    assert pool.dial(campaign, claim, "+79000000001") == Refusal(code="do_not_call")
    assert pool.dial(campaign, claim, "+79000000003") is None


def test_a_number_blocked_after_the_claim_is_not_dialled(pool: Pool) -> None:
    campaign = pool.campaign()
    pool.entry(campaign, pool.client("+79000000001"))
    claim = pool.claim(campaign, pool.operator())
    clients.block_number(pool.conn, "+79000000001", reason="asked", now=pool.now)
    assert pool.dial(campaign, claim) == Refusal(code="do_not_call")
    assert pool.row(claim.entry_id).state == EntryState.CLAIMED
    assert pool.conn.execute(select(attempts)).first() is None, "an attempt that was refused counts nowhere"


def test_pause_and_attempts_a_day(pool: Pool) -> None:
    campaign = pool.campaign(attempts_per_day=2, attempt_pause_s=600, max_attempts=9)
    operator = pool.operator()
    pool.entry(campaign, pool.client("+79000000001"))
    first_at = pool.now
    for _ in range(2):
        claim = pool.claim(campaign, operator)
        assert pool.dial(campaign, claim) is None
        claims_of.move(pool.conn, claim, EntryState.WRAPUP)
        pool.finish(claim, EntryState.WAITING)
        assert pool.next(campaign, operator) == Refusal(code="pool_empty"), "the pause holds"
        pool.pass_time(seconds=600)
    assert pool.next(campaign, operator) == Refusal(code="pool_empty"), "two were made in this day"
    pool.now = first_at + timedelta(days=1, microseconds=-1)
    assert pool.next(campaign, operator) == Refusal(code="pool_empty")
    pool.pass_time(microseconds=1)
    pool.claim(campaign, operator)


@pytest.mark.parametrize(
    ("limits", "code", "until_s"),
    [
        ({"attempts_per_day": 9, "attempt_pause_s": 600}, "attempt_pause", 600),
        ({"attempts_per_day": 1, "attempt_pause_s": 600}, "attempts_per_day", 86400),
        ({"attempts_per_day": 1, "attempt_pause_s": 3 * 86400}, "attempt_pause", 3 * 86400),
        ({"attempts_per_day": 9, "attempt_pause_s": 3 * 86400}, "attempt_pause", 3 * 86400),
    ],
)
def test_a_second_call_within_one_claim_is_told_the_exact_moment(
    pool: Pool, limits: dict[str, int], code: str, until_s: int
) -> None:
    campaign = pool.campaign(max_attempts=9, preview_s=10**7, **limits)
    pool.entry(campaign)
    claim, dialled_at = pool.claim(campaign, pool.operator()), pool.now
    assert pool.dial(campaign, claim) is None
    claims_of.move(pool.conn, claim, EntryState.WRAPUP)
    refusal = pool.dial(campaign, claim)
    assert refusal is not None
    assert (refusal.code, refusal.until) == (code, dialled_at + timedelta(seconds=until_s))
    assert refusal.until is not None
    pool.now = refusal.until - timedelta(microseconds=1)
    again = pool.dial(campaign, claim)
    assert again is not None, "one microsecond too early"
    assert again.until == refusal.until
    pool.now = refusal.until
    assert pool.dial(campaign, claim) is None
    assert pool.row(claim.entry_id).attempts == 2


def test_the_limits_are_of_a_phone_in_a_campaign(pool: Pool) -> None:
    one = pool.campaign(attempts_per_day=1, attempt_pause_s=3600)
    other, operator = pool.campaign(), pool.operator()
    client = pool.client("+79000000001", "+79000000002")
    pool.entry(one, client)
    pool.entry(other, client)
    claim = pool.claim(one, operator)
    assert pool.dial(one, claim, "+79000000001") is None
    claims_of.move(pool.conn, claim, EntryState.WRAPUP)
    assert pool.dial(one, claim, "+79000000002") is None, "another phone of the client"
    claims_of.move(pool.conn, claim, EntryState.WRAPUP)
    pool.finish(claim)
    assert pool.dial(other, pool.claim(other, operator), "+79000000001") is None, "another campaign"


def test_an_entry_is_tried_so_often_and_no_more(pool: Pool) -> None:
    campaign = pool.campaign(max_attempts=2, attempts_per_day=99, attempt_pause_s=0)
    operator = pool.operator()
    pool.entry(campaign)
    for _ in range(2):
        claim = pool.claim(campaign, operator)
        assert pool.dial(campaign, claim) is None
        claims_of.move(pool.conn, claim, EntryState.WRAPUP)
        pool.finish(claim, EntryState.WAITING)
        pool.pass_time(minutes=1)
    assert pool.next(campaign, operator) == Refusal(code="pool_empty")


def test_a_promised_callback_is_kept_though_all_attempts_were_made(pool: Pool) -> None:
    """The client said when: a promise made at the last attempt is no attempt too many."""
    campaign = pool.campaign(max_attempts=1, attempt_pause_s=0)
    operator = pool.operator()
    entry = pool.entry(campaign)
    claim = pool.claim(campaign, operator)
    assert pool.dial(campaign, claim) is None
    claims_of.move(pool.conn, claim, EntryState.WRAPUP)
    pool.postpone(claim, 15, operator)
    pool.pass_time(minutes=15)
    again = pool.claim(campaign, operator)
    assert again.entry_id == entry
    assert pool.dial(campaign, again) is None


# --- clients and phones that are out already ---------------------------------------------------------------------


def test_a_client_is_out_in_one_campaign_at_a_time(pool: Pool) -> None:
    one, other = pool.campaign(), pool.campaign()
    client = pool.client()
    pool.entry(one, client)
    pool.entry(other, client)
    claim = pool.claim(one, pool.operator())
    waiting = pool.operator()
    assert pool.next(other, waiting) == Refusal(code="pool_empty")
    pool.finish(claim)
    assert pool.claim(other, waiting).client_id == client


def test_a_phone_is_out_under_one_client_at_a_time(pool: Pool) -> None:
    campaign = pool.campaign()
    husband, wife = pool.client("+79000000001", "+74950000001"), pool.client("+74950000001", "+79000000002")
    pool.entry(campaign, husband)
    pool.entry(campaign, wife)
    claim = pool.claim(campaign, pool.operator())
    waiting = pool.operator()
    assert pool.next(campaign, waiting) == Refusal(code="pool_empty")
    pool.finish(claim)
    assert pool.claim(campaign, waiting).client_id == wife


def test_a_client_with_the_same_number_twice_can_be_claimed(pool: Pool) -> None:
    campaign = pool.campaign()
    pool.entry(campaign, pool.client("+79000000001", "+79000000001"))
    pool.claim(campaign, pool.operator())


def test_the_rules_are_asked_first_and_their_refusal_changes_nothing(pool: Pool) -> None:
    campaign = pool.campaign(rules=Rules(entries_per_window=2, window_s=600, cooldown_s=60))
    operator = pool.operator()
    for _ in range(4):
        pool.entry(campaign)
    first_at = pool.now
    pool.finish(pool.claim(campaign, operator))
    refusal = pool.next(campaign, operator)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.until) == ("cooldown", pool.now + timedelta(seconds=60))
    pool.pass_time(seconds=60)
    claim = pool.claim(campaign, operator)
    pool.now = claim.lease_until
    leases.expire(pool.conn, pool.now)
    pool.pass_time(seconds=60)
    refusal = pool.next(campaign, operator)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.until) == ("window", first_at + timedelta(seconds=600)), "a skip counts too"
    pool.now = first_at + timedelta(seconds=600)
    pool.claim(campaign, operator)
    assert pool.claim(campaign, pool.operator()), "another operator's window is another"


# --- holds that are over ----------------------------------------------------------------------------------------


def test_a_stale_epoch_changes_nothing(pool: Pool) -> None:
    campaign = pool.campaign(preview_s=120)
    pool.entry(campaign)
    stale = pool.claim(campaign, pool.operator())
    pool.now = stale.lease_until
    assert leases.expire(pool.conn, pool.now) == [(stale.entry_id, stale.epoch)]
    holder = pool.operator()
    fresh = pool.claim(campaign, holder)
    before = pool.row(fresh.entry_id)

    for target in EntryState:
        with pytest.raises(StaleClaim):
            claims_of.move(pool.conn, stale, target)
        with pytest.raises(StaleClaim):
            pool.finish(stale, target)
    with pytest.raises(StaleClaim):
        pool.dial(campaign, stale)
    leases.extend(pool.conn, stale, pool.now + timedelta(days=1))

    assert pool.row(fresh.entry_id) == before
    assert pool.conn.execute(select(attempts)).first() is None
    pool.check()
    assert pool.dial(campaign, fresh) is None


@pytest.mark.parametrize("ended_as", [EntryState.DONE, EntryState.WAITING, EntryState.EXCLUDED])
def test_a_claim_that_was_ended_is_stale_though_nobody_holds_the_entry_since(
    pool: Pool, ended_as: EntryState
) -> None:
    campaign = pool.campaign()
    pool.entry(campaign)
    claim = pool.claim(campaign, pool.operator())
    pool.finish(claim, ended_as)
    for target in EntryState:
        with pytest.raises(StaleClaim):
            claims_of.move(pool.conn, claim, target)
    assert pool.row(claim.entry_id).state == ended_as


@pytest.mark.parametrize("target", EntryState)
@pytest.mark.parametrize("state", HELD)
def test_a_move_that_the_table_lacks_is_refused(pool: Pool, state: EntryState, target: EntryState) -> None:
    campaign = pool.campaign()
    pool.entry(campaign)
    claim = pool.claim(campaign, pool.operator())
    way = {
        EntryState.CLAIMED: [],
        EntryState.CALLING: [EntryState.CALLING],
        EntryState.TALKING: [EntryState.CALLING, EntryState.TALKING],
        EntryState.WRAPUP: [EntryState.CALLING, EntryState.WRAPUP],
    }[state]
    for step in way:
        claims_of.move(pool.conn, claim, step)
    ended = target not in HELD
    try:
        if ended:
            pool.finish(claim, target)
        else:
            claims_of.move(pool.conn, claim, target)
    except StaleClaim:
        assert target not in MOVES[state]
        assert pool.row(claim.entry_id).state == state
    else:
        assert target in MOVES[state]
        assert pool.row(claim.entry_id).state == target


def test_a_preview_that_ran_out_returns_the_entry_unharmed(pool: Pool) -> None:
    campaign, owner = pool.campaign(preview_s=120), pool.operator()
    entry = pool.entry(campaign, priority=3)
    pool.postpone(pool.claim(campaign, owner), 15, owner)
    pool.pass_time(minutes=20)
    before = pool.row(entry)
    claim = pool.claim(campaign, owner)
    assert claim.lease_until == pool.now + timedelta(seconds=120)
    pool.now = claim.lease_until - timedelta(microseconds=1)
    assert leases.expire(pool.conn, pool.now) == []
    pool.now = claim.lease_until
    assert leases.expire(pool.conn, pool.now) == [(entry, claim.epoch)]
    after = pool.row(entry)
    unharmed = set(after._fields) - {"epoch", "returns_to"}
    assert {name: after._mapping[name] for name in unharmed} == {n: before._mapping[n] for n in unharmed}
    assert after.epoch > claim.epoch
    log = pool.conn.execute(select(claims).where(claims.c.epoch == claim.epoch)).one()
    assert (log.how_ended, log.finished_at) == ("expired", pool.now)


def test_a_waiting_entry_returns_to_waiting(pool: Pool) -> None:
    campaign = pool.campaign()
    entry = pool.entry(campaign)
    claim = pool.claim(campaign, pool.operator())
    leases.expire(pool.conn, claim.lease_until)
    assert pool.row(entry).state == EntryState.WAITING


@pytest.mark.parametrize("state", [EntryState.CALLING, EntryState.TALKING, EntryState.WRAPUP])
def test_time_frees_no_entry_with_a_call(pool: Pool, state: EntryState) -> None:
    campaign = pool.campaign()
    pool.entry(campaign)
    claim = pool.claim(campaign, pool.operator())
    assert pool.dial(campaign, claim) is None
    if state is not EntryState.CALLING:
        claims_of.move(pool.conn, claim, state)
    pool.pass_time(days=30)
    assert leases.expire(pool.conn, pool.now) == []
    assert pool.row(claim.entry_id).state == state


def test_a_preview_may_be_made_longer_and_shorter(pool: Pool) -> None:
    campaign = pool.campaign(preview_s=120)
    pool.entry(campaign)
    claim = pool.claim(campaign, pool.operator())
    leases.extend(pool.conn, claim, claim.lease_until + timedelta(seconds=60))
    assert leases.expire(pool.conn, claim.lease_until) == []
    leases.extend(pool.conn, claim, pool.now + timedelta(seconds=1))
    assert leases.expire(pool.conn, pool.now + timedelta(seconds=1)) == [(claim.entry_id, claim.epoch)]


def test_what_an_operator_has_left_waiting_is_counted(pool: Pool) -> None:
    campaign, operator, other = pool.campaign(), pool.operator(), pool.operator()
    for owner in (operator, operator, other, None):
        pool.entry(campaign)
        pool.postpone(pool.claim(campaign, operator), 60, owner)
    assert claims_of.count_postponed(pool.conn, operator) == 2
    pool.pass_time(hours=2)
    claim = pool.claim(campaign, operator)
    assert claims_of.count_postponed(pool.conn, operator) == 1, "what is being called is not left waiting"
    pool.finish(claim)


def test_an_attempt_is_written_with_its_call(pool: Pool) -> None:
    campaign = pool.campaign()
    pool.entry(campaign, pool.client("+79000000001"))
    claim = pool.claim(campaign, pool.operator())
    assert claim == msgspec.structs.replace(claim, attempts=0, epoch=1)
    assert pool.dial(campaign, claim) is None
    written = pool.conn.execute(select(attempts)).one()
    assert (written.entry_id, written.e164, written.at) == (claim.entry_id, "+79000000001", pool.now)
    row = pool.row(claim.entry_id)
    assert (row.state, row.attempts) == (EntryState.CALLING, 1)


def test_a_phone_learned_during_the_claim_does_not_break_its_end(pool: Pool) -> None:
    campaign = pool.campaign()
    client = pool.client("+79000000001")
    pool.entry(campaign, client)
    claim = pool.claim(campaign, pool.operator())
    pool.conn.execute(insert(phones), {"client_id": client, "e164": "+79000000009", "label": ""})
    pool.finish(claim)
    assert pool.row(claim.entry_id).state == EntryState.DONE
    assert isinstance(claim, Claim)
    assert pool.conn.execute(select(entries.c.holder_id)).scalar_one() is None
