"""What a new day brings to a rattachement: a line that was given for later begins, or one ends."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from contracts.users import RattachementBegun, RattachementEnded
from kit.change import Change
from kit.days import beginning_of, day_of
from services.users.domain import lines as of_lines
from services.users.domain.actions import Action, done
from services.users.domain.lines import Lines, units_of
from services.users.domain.rattachements import Rattachement, left_with, rights_of
from services.users.domain.structures import Structure

Turn = Literal["begun", "ended"]


def turn_id(tie: Rattachement, what: Turn) -> str:
    """Of what is kept of the turn that the rattachement waits for."""
    return f"{tie.id}:{what}:{tie.wake_at.date() if tie.wake_at else ''}"


def turn(
    current: Rattachement | None,
    structure: Structure | None,
    begun: Action | None,
    ended: Action | None,
    *,
    now: datetime,
) -> tuple[Change[Rattachement], Change[Action], Change[Action]]:
    """
    Tell what has begun and what has ended, each once, and drop what has ended.

    A principal manager keeps the line that has ended: only a successor takes the role away.
    """
    if current is None or current.wake_at is None or current.wake_at > now:
        return Change(current), Change(begun), Change(ended)
    today, name = day_of(now), structure.legal_name if structure else None
    new = of_lines.begun(current.lines, current.noted, today)
    over = of_lines.over(current.lines, current.noted, today)
    keeps = current.role == "principal_manager"
    left = current.lines if keeps else tuple(one for one in current.lines if one not in over)
    turned = replace(left_with(current, left, how="ended"), noted=today)
    told: dict[str, Any] = {
        "rattachement_id": current.id,
        "user_id": current.user_id,
        "structure_id": current.structure_id,
        "structure_name": name,
        "day": today,
    }
    events = [
        *([rights_of(turned)] if left != current.lines else []),
        *([RattachementBegun(units=units_of(new), **told)] if new else []),
        *([RattachementEnded(units=units_of(over), **told)] if over else []),
    ]
    at = beginning_of(today)

    def noted(action: Action | None, what: Turn, lines: Lines) -> Change[Action]:
        if not lines:
            return Change(action)
        id = turn_id(current, what)
        return done(action, current, what, lines, id=id, by=None, at=at)

    return Change(turned, tuple(events)), noted(begun, "begun", new), noted(ended, "ended", over)
