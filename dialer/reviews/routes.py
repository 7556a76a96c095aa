"""Reviews for the console and for the operators whose calls were reviewed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Annotated, TypeVar

from msgspec import Meta, Struct

from dialer.auth.model import Permission
from dialer.http.api import ApiCall, Operation, number
from dialer.http.problems import Problem
from dialer.reviews import service
from dialer.reviews.model import Card, Form, Refusal, Words
from dialer.reviews.service import Band, DrawnCall, FormRow, Review, ReviewRow
from dialer.store.engine import Store

DRAWN, DRAWN_OF_DAYS = 10, 30
T = TypeVar("T")


class FormList(Struct, frozen=True, kw_only=True):
    items: list[FormRow]


class FormBody(Struct, frozen=True, kw_only=True):
    """`of`: the form whose next version this is; none = a new one."""

    body: Form
    of: int | None = None


class WithdrawBody(Struct, frozen=True, kw_only=True):
    pass


class BeginBody(Struct, frozen=True, kw_only=True):
    call: Annotated[str, Meta(max_length=26)]
    form: int


class CardBody(Struct, frozen=True, kw_only=True):
    """`give`: the operator may see it, and it changes no more."""

    card: Card
    give: bool = False


class AnswerBody(Struct, frozen=True, kw_only=True):
    text: Words


class ReviewList(Struct, frozen=True, kw_only=True):
    items: list[ReviewRow]
    next: str | None


class CallReviews(Struct, frozen=True, kw_only=True):
    items: list[Review]


class Drawing(Struct, frozen=True, kw_only=True):
    """`seed` draws the same calls again, as long as there are no others."""

    seed: int
    items: list[DrawnCall]


class ReviewDone(Struct, frozen=True, kw_only=True):
    done: bool = True


class Reviewing:
    """The handlers. `seed` gives a number for each drawing."""

    def __init__(self, store: Store, now: Callable[[], datetime], seed: Callable[[], int]) -> None:
        self._store, self._now, self._seed = store, now, seed

    async def list_review_forms(self, call: ApiCall) -> FormList:
        return FormList(items=await self._store.read(service.list_forms))

    async def publish_review_form(self, call: ApiCall) -> FormRow:
        body, user_id, now = call.body, call.user.id, self._now()
        return _granted(
            await self._store.write(
                lambda conn: service.publish_form(conn, body.body, of=body.of, by=user_id, now=now)
            )
        )

    async def withdraw_review_form(self, call: ApiCall) -> ReviewDone:
        form, now = number(call.path("id")), self._now()
        if not await self._store.write(lambda conn: service.withdraw_form(conn, form, now)):
            raise Problem(404, "not_found")
        return ReviewDone()

    async def draw_calls(self, call: ApiCall) -> Drawing:
        seed = _whole(call, "seed")
        seed = self._seed() if seed is None else seed
        band = Band(
            least_s=_whole(call, "least") or 0,
            most_s=_whole(call, "most"),
            operator=_whole(call, "operator"),
            campaign=_whole(call, "campaign"),
            since=self._now() - timedelta(days=min(_whole(call, "days") or DRAWN_OF_DAYS, 3_650)),
        )
        count, chance = _whole(call, "count") or DRAWN, Random(seed).random  # noqa: S311 - no secret
        items = await self._store.read(lambda conn: service.draw(conn, band, count, chance))
        return Drawing(seed=seed, items=list(items))

    async def list_reviews(self, call: ApiCall) -> ReviewList:
        return await self._page(call, operator_id=_whole(call, "operator"), given=False)

    async def list_own_reviews(self, call: ApiCall) -> ReviewList:
        return await self._page(call, operator_id=call.user.id, given=True)

    async def _page(self, call: ApiCall, *, operator_id: int | None, given: bool) -> ReviewList:
        before = _whole(call, "cursor")
        rows = await self._store.read(
            lambda conn: service.list_page(conn, before=before, operator_id=operator_id, given=given)
        )
        return ReviewList(items=rows, next=str(rows[-1].id) if len(rows) == service.PAGE else None)

    async def list_call_reviews(self, call: ApiCall) -> CallReviews:
        call_id = call.path("id")[:26]
        return CallReviews(items=await self._store.read(lambda conn: service.list_of_call(conn, call_id)))

    async def begin_review(self, call: ApiCall) -> Review:
        body, user_id, now = call.body, call.user.id, self._now()
        begun = await self._store.write(
            lambda conn: service.begin(conn, body.call, body.form, reviewer_id=user_id, now=now)
        )
        return await self._one(_granted(begun))

    async def show_review(self, call: ApiCall) -> Review:
        return await self._one(number(call.path("id")))

    async def show_own_review(self, call: ApiCall) -> Review:
        return await self._one(number(call.path("id")), operator_id=call.user.id)

    async def _one(self, review_id: int, operator_id: int | None = None) -> Review:
        found = await self._store.read(lambda conn: service.load(conn, review_id, operator_id=operator_id))
        if found is None:
            raise Problem(404, "not_found")
        return found

    async def fill_in_review(self, call: ApiCall) -> Review:
        review_id, body, user_id, now = number(call.path("id")), call.body, call.user.id, self._now()
        _granted(
            await self._store.write(
                lambda conn: service.fill_in(
                    conn, review_id, body.card, reviewer_id=user_id, give=body.give, now=now
                )
            )
        )
        return await self._one(review_id)

    async def answer_review(self, call: ApiCall) -> Review:
        review_id, text, user_id, now = number(call.path("id")), call.body.text, call.user.id, self._now()
        _granted(
            await self._store.write(
                lambda conn: service.answer(conn, review_id, text, operator_id=user_id, now=now)
            )
        )
        return await self._one(review_id, operator_id=user_id)


def _granted(given: T | Refusal) -> T:
    if isinstance(given, Refusal):
        raise Problem(409, given.code, given.params)
    return given


def _whole(call: ApiCall, name: str) -> int | None:
    return number(call.query(name)) if call.query(name) else None


def operations(store: Store, now: Callable[[], datetime], seed: Callable[[], int]) -> list[Operation]:
    """`seed`: a number for each drawing of calls."""
    made = Reviewing(store, now, seed)
    review, forms, desk = Permission.REVIEW, Permission.REVIEW_FORMS, Permission.USE_DESK
    return [
        Operation(
            method="GET",
            path="/api/v1/review/forms",
            summary="The score cards in use",
            permission=review,
            handler=made.list_review_forms,
            answers=FormList,
        ),
        Operation(
            method="POST",
            path="/api/v1/review/forms",
            summary="Publish a score card, or its next version",
            permission=forms,
            handler=made.publish_review_form,
            body=FormBody,
            answers=FormRow,
        ),
        Operation(
            method="POST",
            path="/api/v1/review/forms/{id}/withdraw",
            summary="Begin nothing new with a score card",
            permission=forms,
            handler=made.withdraw_review_form,
            body=WithdrawBody,
            answers=ReviewDone,
        ),
        Operation(
            method="GET",
            path="/api/v1/review/draw",
            summary="Calls to review, drawn at random (least, most: seconds; operator, campaign, days, count, seed)",
            permission=review,
            handler=made.draw_calls,
            answers=Drawing,
        ),
        Operation(
            method="GET",
            path="/api/v1/reviews",
            summary="Reviews, the newest first (operator, cursor)",
            permission=review,
            handler=made.list_reviews,
            answers=ReviewList,
        ),
        Operation(
            method="POST",
            path="/api/v1/reviews",
            summary="Begin a review of a call, or go on with one's own",
            permission=review,
            handler=made.begin_review,
            body=BeginBody,
            answers=Review,
        ),
        Operation(
            method="GET",
            path="/api/v1/reviews/{id}",
            summary="One review",
            permission=review,
            handler=made.show_review,
            answers=Review,
        ),
        Operation(
            method="POST",
            path="/api/v1/reviews/{id}",
            summary="Fill in one's own review; give it to the operator",
            permission=review,
            handler=made.fill_in_review,
            body=CardBody,
            answers=Review,
        ),
        Operation(
            method="GET",
            path="/api/v1/calls/{id}/reviews",
            summary="The reviews of a call",
            permission=review,
            handler=made.list_call_reviews,
            answers=CallReviews,
        ),
        Operation(
            method="GET",
            path="/api/v1/own/reviews",
            summary="The reviews of an operator's own calls",
            permission=desk,
            handler=made.list_own_reviews,
            answers=ReviewList,
        ),
        Operation(
            method="GET",
            path="/api/v1/own/reviews/{id}",
            summary="One review of an operator's own call",
            permission=desk,
            handler=made.show_own_review,
            answers=Review,
        ),
        Operation(
            method="POST",
            path="/api/v1/own/reviews/{id}/answer",
            summary="The operator's word on a review",
            permission=desk,
            handler=made.answer_review,
            body=AnswerBody,
            answers=Review,
        ),
    ]
