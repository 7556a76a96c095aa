"""Scripts, their published versions, and what happened in each run."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    text,
)

from dialer.scripts.model import Script
from dialer.scripts.run import RunState
from dialer.scripts.trial import Share
from dialer.store.schema import JsonText, UtcDateTime, metadata

Layout = dict[str, tuple[float, float]]
"""Where the blocks stand in the editor, by their ids; one that is missing is placed by the page."""

scripts = Table(
    "scripts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("archived_at", UtcDateTime),
)

# What is being written: one a script, also of one that was never published. `revision` grows with every change.
script_drafts = Table(
    "script_drafts",
    metadata,
    Column("script_id", ForeignKey("scripts.id"), primary_key=True),
    Column("body", JsonText(Script), nullable=False),
    Column("layout", JsonText(Layout), nullable=False),
    Column("revision", Integer, nullable=False),
    Column(
        "begun_at", Integer, nullable=False
    ),  # the number of the version that it was made of, 0 without one
    Column("errors", Integer, nullable=False),
    Column("warnings", Integer, nullable=False),
    Column("edited_by", ForeignKey("users.id")),
    Column("edited_at", UtcDateTime, nullable=False),
)

# A published version never changes.
script_versions = Table(
    "script_versions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("script_id", ForeignKey("scripts.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("published_at", UtcDateTime, nullable=False),
    Column("published_by", ForeignKey("users.id")),
    Column("note", String(2000), nullable=False, default=""),
    Column("source", JsonText(Script, shared=True), nullable=False),  # as it was written
    Column("body", JsonText(Script, shared=True), nullable=False),  # as it runs: its sub-scripts woven in
    Index("uq_script_versions_script_id_number", "script_id", "number", unique=True),
)

# Versions that are tried against each other; one trial at a time for each script.
script_trials = Table(
    "script_trials",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("script_id", ForeignKey("scripts.id"), nullable=False),
    Column("shares", JsonText(tuple[Share, ...], shared=True), nullable=False),
    Column(
        "worth", Float, nullable=False
    ),  # a difference of rates below this is none that anybody would act upon
    Column("since", UtcDateTime, nullable=False),
    Column("until", UtcDateTime),
    Column("decided", ForeignKey("script_versions.id")),  # the version that was adopted, if any
    Column("started_by", ForeignKey("users.id"), nullable=False),
    Column("ended_by", ForeignKey("users.id")),
    Index("ix_script_trials_script_id", "script_id"),
    Index("uq_script_trials_running", "script_id", unique=True, sqlite_where=text("until IS NULL")),
)

# Who may do what with a script. Where a right has no row, everybody may whose role has the permission.
script_rights = Table(
    "script_rights",
    metadata,
    Column("script_id", ForeignKey("scripts.id"), primary_key=True),
    Column("right", String(10), primary_key=True),  # see, start, edit
    Column("who", String(30), primary_key=True),  # role:operator, user:7
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("kind", String(10), nullable=False, default="real"),  # real, rehearsal: the latter counts nowhere
    Column("version_id", ForeignKey("script_versions.id")),
    Column("draft", JsonText(Script)),  # what is rehearsed where it is no version yet
    Column("client_id", ForeignKey("clients.id")),  # none in a rehearsal
    Column("trial_id", ForeignKey("script_trials.id")),  # which drew the version
    Column("operator_id", ForeignKey("users.id"), nullable=False),
    Column("campaign_id", ForeignKey("campaigns.id")),
    Column("call_id", String(26)),
    Column("state", JsonText(RunState), nullable=False),  # the engine's, resumable
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column(
        "ending", String(10), nullable=False, default=""
    ),  # goal_met, refused, completed, failed; "" while open
    Column("counted", Boolean, nullable=False, default=False),  # real, and somebody heard it
    Column("aside_at", UtcDateTime),  # put away since then; the operator is whoever did it
    CheckConstraint("(version_id IS NULL) <> (draft IS NULL)", name="of_something"),
    CheckConstraint("client_id IS NOT NULL OR kind = 'rehearsal'", name="with_somebody"),
    Index("ix_runs_call_id", "call_id"),
    Index("ix_runs_client_id", "client_id"),
    Index("ix_runs_operator", "operator_id", "kind", "started_at"),
    Index("ix_runs_trial", "trial_id", "version_id"),
    Index("ix_runs_aside", "aside_at", sqlite_where=text("aside_at IS NOT NULL")),
)

# One block visited; append-only, so that what was answered stays after a step back.
steps = Table(
    "steps",
    metadata,
    Column("run_id", ForeignKey("runs.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("block", String(64), nullable=False),
    Column("title", String(200), nullable=False),
    Column("stage", String(200), nullable=False, default=""),
    Column("kind", String(10), nullable=False),  # answer, none, jump, return, back, go, aside, end
    Column("text", String, nullable=False, default=""),  # as it was shown
    Column("answer", String(64), nullable=False, default=""),
    Column("answer_text", String(500), nullable=False, default=""),
    Column("note", String(2000), nullable=False, default=""),
    Column("fields", JsonText, nullable=False, default=list),
    Column("next_block", String(64), nullable=False, default=""),
    Column("entered_at", UtcDateTime, nullable=False),
    Column("answered_at", UtcDateTime, nullable=False),
    Column("hasty", Boolean, nullable=False, default=False),  # before the text can have been read
    Column("call_id", String(26)),
    # For the search over answers; none of these where nothing is to be learnt of the step (a rehearsal).
    Column("script_id", Integer),
    Column("operator_id", Integer),
    Column("campaign_id", Integer),
    Column("saying_id", Integer),
    Index("ix_steps_call_id", "call_id"),
    # Each has all that is filtered by, so that a row that does not fit is passed over without being read.
    Index(
        "ix_steps_block",
        *("script_id", "block", "answered_at", "run_id", "seq"),
        *("kind", "answer", "operator_id", "campaign_id", "saying_id"),
    ),
    Index(
        "ix_steps_answered",
        *("answered_at", "run_id", "seq"),
        *("kind", "script_id", "block", "answer", "operator_id", "campaign_id", "saying_id"),
    ),
    Index(
        "ix_steps_operator",
        *("operator_id", "answered_at", "run_id", "seq"),
        *("kind", "script_id", "block", "answer", "campaign_id", "saying_id"),
    ),
    Index("ix_steps_saying", "saying_id", "answered_at", "run_id", "seq"),
)

# Each thing that clients said, once: an answer's text, or the note where none suited; in lower case, for the search.
sayings = Table(
    "sayings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", String(32), nullable=False, unique=True),
    Column("words", String(2000), nullable=False),
)

# What was filled in at a step; lower case, for the search.
step_fields = Table(
    "step_fields",
    metadata,
    Column("field", String(40), primary_key=True),
    Column("value", String(100), primary_key=True),
    Column("answered_at", UtcDateTime, primary_key=True),
    Column("run_id", String(26), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Index("ix_step_fields_step", "run_id", "seq", "field", "value"),
)

# --- what is learnt: sums over the runs that count and their steps, by the day (of the office's own time zone) on
# which a run ended, written by the transaction that ends it. `dialer.scripts.counting.rebuild` counts them anew.

run_counts = Table(
    "run_counts",
    metadata,
    Column("version_id", ForeignKey("script_versions.id"), primary_key=True),
    Column("part", String(10), primary_key=True),  # hour, operator, campaign, stage
    Column("day", String(10), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("runs", Integer, nullable=False),
    Column("goals", Integer, nullable=False),
)

arrow_counts = Table(
    "arrow_counts",
    metadata,
    Column("version_id", ForeignKey("script_versions.id"), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("block", String(64), primary_key=True),
    Column("kind", String(10), primary_key=True),  # of the step
    Column("answer", String(64), primary_key=True),
    Column("next_block", String(64), primary_key=True),
    Column("taken", Integer, nullable=False),
    Column("lost", Integer, nullable=False),  # it was a run's last one, and the goal was not met
)

time_counts = Table(
    "time_counts",
    metadata,
    Column("version_id", ForeignKey("script_versions.id"), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("block", String(64), primary_key=True),
    Column("bucket", Integer, primary_key=True),  # `dialer.scripts.statistics.EDGES_MS`
    Column("steps", Integer, nullable=False),
    Column("ms", BigInteger, nullable=False),
)

end_counts = Table(
    "end_counts",
    metadata,
    Column("version_id", ForeignKey("script_versions.id"), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("block", String(64), primary_key=True),
    Column("ending", String(10), primary_key=True),
    Column("reason", String(40), primary_key=True),
    Column("runs", Integer, nullable=False),
)
