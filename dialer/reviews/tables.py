"""Score cards in their versions, reviews of calls, and the faults that were marked."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, String, Table

from dialer.reviews.model import Form
from dialer.store.schema import JsonText, UtcDateTime, metadata

# A version never changes; the one with the highest number of a form is used for what is begun.
review_forms = Table(
    "review_forms",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("form", Integer, nullable=False),  # what its versions share: the number of the first
    Column("number", Integer, nullable=False),
    Column("body", JsonText(Form, shared=True), nullable=False),
    Column("published_at", UtcDateTime, nullable=False),
    Column("published_by", ForeignKey("users.id"), nullable=False),
    Column("withdrawn_at", UtcDateTime),  # nothing new is begun with this form
    Index("uq_review_forms_form_number", "form", "number", unique=True),
)

reviews = Table(
    "reviews",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", ForeignKey("calls.id"), nullable=False),
    Column("form_id", ForeignKey("review_forms.id"), nullable=False),
    Column("reviewer_id", ForeignKey("users.id"), nullable=False),
    Column("operator_id", ForeignKey("users.id"), nullable=False),
    Column("scores", JsonText(dict[str, int]), nullable=False),
    Column("comment", String(2000), nullable=False, default=""),
    Column("points", Integer, nullable=False, default=0),
    Column("most", Integer, nullable=False, default=0),
    Column("began_at", UtcDateTime, nullable=False),
    Column("given_at", UtcDateTime),  # the operator sees it from then on, and it changes no more
    Column("answer", String(2000), nullable=False, default=""),
    Column("answered_at", UtcDateTime),
    Index("uq_reviews_call_id_reviewer_id", "call_id", "reviewer_id", unique=True),
    Index("ix_reviews_operator_id", "operator_id", "given_at"),
    Index("ix_reviews_given_at", "given_at"),
)

review_marks = Table(
    "review_marks",
    metadata,
    Column("review_id", ForeignKey("reviews.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("segment", Integer, nullable=False),
    Column("second", Float, nullable=False),
    Column("fault", String(40), nullable=False),
    Column("note", String(500), nullable=False, default=""),
)
