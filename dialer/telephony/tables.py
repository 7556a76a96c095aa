"""Calls and their recordings, as far as they bear an outcome; what lives is in memory."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, LargeBinary, String, Table, text

from dialer.store.schema import JsonText, UtcDateTime, metadata
from dialer.telephony.policy import Policy

calls = Table(
    "calls",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("direction", String(10), nullable=False),
    Column("pbx", String(40), nullable=False, default=""),
    Column("leg", String(150), nullable=False),  # the PBX's id of the client's channel
    Column("line", String(50), nullable=False),
    Column("number", String(40), nullable=False),
    Column("operator_id", ForeignKey("users.id")),
    Column("campaign_id", ForeignKey("campaigns.id")),
    Column("client_id", ForeignKey("clients.id")),
    Column("started_at", UtcDateTime, nullable=False),
    Column("answered_at", UtcDateTime),
    Column("bridged_at", UtcDateTime),
    Column("transferred_at", UtcDateTime),  # since when its operator is out of it
    Column("ended_at", UtcDateTime),
    Column("outcome", String(20), nullable=False, default=""),
    Column("cause", Integer),
    Column("end_reason", String(20), nullable=False, default=""),
    Column("ended_by", String(10), nullable=False, default=""),
    Index("ix_calls_started_at", "started_at"),
    Index("ix_calls_operator", "operator_id", "started_at"),
    Index("ix_calls_campaign", "campaign_id", "started_at"),
    Index("ix_calls_client_id", "client_id"),
    Index("ix_calls_open", "id", sqlite_where=text("ended_at IS NULL")),
)

# The start of each PBX as last seen: no call of a life before is alive.
pbx_lives = Table(
    "pbx_lives",
    metadata,
    Column("pbx", String(40), primary_key=True),
    Column("started", String(60), nullable=False),
)

# Whoever was brought into a call: a number over a line counts there as a call of its own.
third_legs = Table(
    "third_legs",
    metadata,
    Column("id", String(26), primary_key=True),
    Column(
        "leg", String(150), nullable=False
    ),  # the PBX's id of the channel; a colleague's session serves often
    Column("call_id", ForeignKey("calls.id"), nullable=False),
    Column("goal", String(10), nullable=False),  # consult, hand_over, together, take_over
    Column("line", String(50), nullable=False, default=""),  # "" for a colleague
    Column("number", String(40), nullable=False, default=""),
    Column("user_id", ForeignKey("users.id")),  # the colleague
    Column("by_id", ForeignKey("users.id"), nullable=False),  # who brought them in
    Column("started_at", UtcDateTime, nullable=False),
    Column("joined_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("outcome", String(20), nullable=False, default=""),
    Index("ix_third_legs_call_id", "call_id"),
    Index("ix_third_legs_open", "line", sqlite_where=text("ended_at IS NULL")),
)

# What was recorded of a call: one row, and a row for each of its files.
recordings = Table(
    "recordings",
    metadata,
    Column("call_id", ForeignKey("calls.id"), primary_key=True),
    # writing, ready, repaired, partial (a segment has no sound), no_audio, missing, deleted
    Column("state", String(10), nullable=False),
    Column("uncertain", Boolean, nullable=False, default=False),  # its length and the call's differ
    Column("held_by", ForeignKey("users.id")),  # who said that it is not to be deleted
    Column("held_at", UtcDateTime),
    Column("held_why", String(500), nullable=False, default=""),
    Index("ix_recordings_writing", "call_id", sqlite_where=text("state = 'writing'")),
)

# Each number that was let through to a line: who dialled where, shown as whom, at what price. Written by the
# transaction that allowed it; what the caps count. A client's call, or a third person's leg of one.
dials = Table(
    "dials",
    metadata,
    Column("id", String(26), primary_key=True),  # the leg's
    Column("line", String(50), nullable=False),
    Column("number", String(16), nullable=False),
    Column("destination", String(16), nullable=False),
    Column("caller_id", String(16), nullable=False, default=""),
    Column("operator_id", ForeignKey("users.id"), nullable=False),
    Column("campaign_id", ForeignKey("campaigns.id"), nullable=False),
    Column("per_minute", Integer, nullable=False),  # thousandths
    Column("at", UtcDateTime, nullable=False),
    Column("answered_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("most_s", Integer),  # so long after `at` the PBX ends it; none = nothing bounds it
    Index("ix_dials_line", "line", "at"),
    Index("ix_dials_operator", "operator_id", "at"),
    Index("ix_dials_campaign", "campaign_id", "at"),
    Index("ix_dials_destination", "destination", "at"),
    Index("ix_dials_number", "number", "at"),
    # Two equalities: SQLite takes these for the live ones, and does not walk through all that a key ever dialled.
    *(
        Index(f"ix_dials_live_{name}", column, "ended_at", "answered_at", "per_minute", "most_s")
        for name, column in (
            ("line", "line"),
            ("operator", "operator_id"),
            ("campaign", "campaign_id"),
            ("destination", "destination"),
        )
    ),
)

# What was talked today over each scope, by the day on which the calls ended: a sum of `dials`, written by the
# transaction that ends each, for the caps must not add up a whole day before every call.
dialled_days = Table(
    "dialled_days",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("scope", String(12), primary_key=True),
    Column("key", String(50), primary_key=True),
    Column("seconds", Integer, nullable=False),
    Column("cost", Integer, nullable=False),  # thousandths
)

# What people decided about a line; the whole service's row has the name "".
line_policies = Table(
    "line_policies",
    metadata,
    Column("line", String(50), primary_key=True),
    Column("policy", JsonText(Policy, shared=True), nullable=False),
)

# Each change of a policy, and the ranges abroad that wait for a second person.
line_changes = Table(
    "line_changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("line", String(50), nullable=False),
    Column("what", String(20), nullable=False),  # policy, stop, resume, range
    Column("state", String(10), nullable=False),  # done, proposed, confirmed, refused
    Column("value", JsonText(), nullable=False),
    Column("by", String(200), nullable=False),
    Column("by_id", ForeignKey("users.id")),
    Column("at", UtcDateTime, nullable=False),
    Column("answered_by", String(200), nullable=False, default=""),
    Column("answered_at", UtcDateTime),
    Index("ix_line_changes_proposed", "line", sqlite_where=text("state = 'proposed'")),
    Index("ix_line_changes_at", "at"),
)

# Refusals that a supervisor has to know of, one row for each kind, line and operator in a day.
line_alarms = Table(
    "line_alarms",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("code", String(40), primary_key=True),
    Column("line", String(50), primary_key=True),
    Column("operator_id", ForeignKey("users.id"), primary_key=True),
    Column("params", JsonText(), nullable=False),
    Column("times", Integer, nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
)

segments = Table(
    "segments",
    metadata,
    Column("call_id", ForeignKey("recordings.call_id"), primary_key=True),
    Column("number", Integer, primary_key=True),  # 1, 2, ...: in the order in which they were recorded
    Column("state", String(10), nullable=False),  # writing, ready, repaired, no_audio, missing, deleted
    Column("started_at", UtcDateTime),  # the PBX's moment, in the daemon's clock; unknown = nobody heard it
    Column("duration_s", Float),
    Column("peaks", LargeBinary),
    Column("codec", String(4), nullable=False, default="wav"),  # wav, opus: which of our files is played
    Column(
        "original_until", UtcDateTime
    ),  # when the WAV beside the copy goes; none = there is none, or no copy
    Index(
        "ix_segments_wav", "call_id", sqlite_where=text("codec = 'wav' AND state IN ('ready', 'repaired')")
    ),
    Index("ix_segments_originals", "original_until", sqlite_where=text("original_until IS NOT NULL")),
)

# Silence that was asked for: a card number was said. `ended_how`: operator, script (its block was left), time
# (forgotten), call, handed, pbx.
pauses = Table(
    "pauses",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", ForeignKey("calls.id"), nullable=False),
    Column("from_at", UtcDateTime, nullable=False),
    Column("to_at", UtcDateTime),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("ended_how", String(10), nullable=False, default=""),
    Index("ix_pauses_call_id", "call_id"),
    Index("ix_pauses_forgotten", "to_at", sqlite_where=text("ended_how = 'time'")),
)

# Who heard what. A row without a part: the sound was handed out; its parts follow as they are played.
plays = Table(
    "plays",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", ForeignKey("calls.id"), nullable=False),
    Column("segment", Integer, nullable=False),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("from_s", Float),
    Column("to_s", Float),
    Index("ix_plays_call_id", "call_id", "at"),
)

# What became of recordings: held, released, deleted. Nothing is ever taken out of it.
recording_log = Table(
    "recording_log",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", ForeignKey("calls.id"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("what", String(10), nullable=False),
    Column("user_id", ForeignKey("users.id")),  # none = by itself
    Column("why", String(500), nullable=False, default=""),
    Index("ix_recording_log_call_id", "call_id", "at"),
)
