"""Every room's part of the API in one table, and its description."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import Any

from dialer.auth import routes as auth_routes
from dialer.auth.model import User
from dialer.auth.service import Auth
from dialer.automation import routes as hook_routes
from dialer.campaigns import routes as campaign_routes
from dialer.clock import midnight_of
from dialer.config import Settings
from dialer.desk import (
    action_routes,
    call_routes,
    learning_routes,
    listening_routes,
    recording_routes,
    run_routes,
)
from dialer.desk import routes as desk_routes
from dialer.desk.board import ConsoleFrame
from dialer.desk.recording_routes import Sound
from dialer.desk.room import DeskFrame
from dialer.desk.service import Desks
from dialer.doctor import routes as doctor_routes
from dialer.doctor.service import Doctor
from dialer.http.api import Operation, describe
from dialer.planning import routes as task_routes
from dialer.reviews import routes as review_routes
from dialer.scripts import rehearsal_routes, trial_routes
from dialer.scripts import routes as script_routes
from dialer.scripts.editors import Editors
from dialer.store.engine import Store
from dialer.telephony import line_routes
from dialer.telephony.line_control import LineControl
from dialer.wiring import hooks_of, phones_of


def operations_of(
    settings: Settings,
    store: Store,
    auth: Auth,
    desks: Desks,
    control: LineControl,
    secret: bytes,
    doctor: Doctor,
) -> list[Operation]:
    """What the daemon answers, room by room."""
    sound = Sound(store, kept=Path(settings.recordings.kept), secret=secret, now=lambda: desks.world.now())
    return [
        *desk_routes.operations(desks),
        *run_routes.operations(desks),
        *action_routes.operations(desks),
        *task_routes.operations(store, lambda: desks.world.now(), lambda user: desks.recount(user)),
        *hook_routes.operations(store, hooks_of(settings), lambda: desks.world.now()),
        *campaign_routes.operations(store, control, lambda: midnight_of(desks.world.now())),
        *line_routes.operations(control),
        *call_routes.operations(store, sound),
        *recording_routes.operations(sound),
        *learning_routes.operations(store, sound, lambda: desks.world.now()),
        *review_routes.operations(store, lambda: desks.world.now(), lambda: secrets.randbits(32)),
        *listening_routes.operations(desks),
        *trial_routes.operations(
            store, lambda: desks.world.now()
        ),  # `/scripts/library` before `/scripts/{id}`
        *script_routes.operations(
            store, Editors(time.monotonic), lambda: desks.world.now(), settings.web_hooks
        ),
        *rehearsal_routes.operations(store, lambda: desks.world.now(), lambda: desks.world.new_id()),
        *doctor_routes.operations(doctor, auth.all_users if auth is not None else _nobody),
        *auth_routes.operations(
            auth,
            phone_place=lambda user: phones_of(settings, user.pbx),
            changed=desks.user_changed if desks is not None else lambda user: None,
        ),
    ]


def description() -> dict[str, Any]:
    """The API's description, made from the operations' types alone: nothing is started."""
    nothing: Any = None
    operations = operations_of(Settings(), nothing, nothing, nothing, nothing, b"", nothing)
    return describe(operations, further=(DeskFrame, ConsoleFrame))


async def _nobody() -> list[User]:
    return []
