"""Who may do what, and why: the answer names the grant, or what is missing. Pure."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from contracts.users import Level
from kit import entitled
from kit.days import within
from kit.entitled import Grant
from services.users.domain.lines import last_day
from services.users.domain.rattachements import Rattachement

Reason = Literal[
    "granted",
    "account-not-active",
    "not-attached",
    "attached-later",
    "attached-no-more",
    "unit-not-open",
    "not-attached-there",
    "no-such-profile",
    "profile-elsewhere",
    "profile-later",
    "profile-over",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """May this user use this application at this level, here, that day? No unit: on the whole."""

    user_id: str
    structure_id: str
    application: str
    level: Level
    unit: str | None = None
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """``grant`` says what allows it; without one, ``reason`` says what is missing first."""

    reason: Reason
    grant: Grant | None = None

    @property
    def allowed(self) -> bool:
        return self.grant is not None


def may_ask(acting: Rattachement | None, check: Check, *, by: str, on: date) -> bool:
    """Of oneself, and of whoever one administers there that day. ``acting``: one's own tie."""
    if check.user_id == by:
        return True
    units = entitled.administers(acting, on) if acting else frozenset()
    return None in units or (check.unit is not None and check.unit in units)


def judge(
    check: Check, tie: Rattachement | None, *, account_active: bool, unit_open: bool
) -> Answer:
    """``tie`` is what ties that user to that structure; ``unit_open`` is of the unit named."""
    if not account_active:
        return Answer(reason="account-not-active")
    if tie is None or not tie.role or not entitled.attached(tie, check.on):
        return Answer(reason=_why_not_attached(tie, check.on))
    if check.unit is not None and not unit_open:
        return Answer(reason="unit-not-open")
    if not entitled.covers(tie, check.unit, check.on):
        return Answer(reason="not-attached-there")
    found = entitled.grant(tie, check.application, check.level, check.unit, check.on)
    if found:
        return Answer(reason="granted", grant=found)
    return Answer(reason=_why_no_profile(tie, check))


def _why_not_attached(tie: Rattachement | None, on: date) -> Reason:
    if tie and any(line.valid_from > on for line in tie.lines):
        return "attached-later"
    if tie and (tie.past or any(last_day(line) < on for line in tie.lines)):
        return "attached-no-more"
    return "not-attached"


def _why_no_profile(tie: Rattachement, check: Check) -> Reason:
    held = [
        one
        for one in tie.habilitations
        if (one.application, one.level) == (check.application, check.level)
    ]
    here = [one for one in held if one.unit in (None, check.unit)]
    if any(one.valid_from and check.on < one.valid_from for one in here):
        return "profile-later"
    if any(not within(one.valid_from, one.valid_until, check.on) for one in here):
        return "profile-over"
    return "profile-elsewhere" if held else "no-such-profile"
