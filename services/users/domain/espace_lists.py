"""What the opening or closing of an espace comes to for each user of its structure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from kit.change import Change
from services.users.domain.drafts import Held, Place, held, row_of
from services.users.domain.espaces import Espace, Offer, Openings
from services.users.domain.habilitation_history import Entry
from services.users.domain.habilitation_requests import HabilitationsRequest, goes_beyond, put
from services.users.domain.habilitations import Submitted, applied
from services.users.domain.rattachements import Rattachement, too_many
from services.users.domain.subscriptions import missing, replaced_by, request_id

Requests = Mapping[str, HabilitationsRequest | None]
"""For each open espace of a turn, what has the id that a request for it would get."""


def bring_in_line(
    begun: Openings,
    openings: Openings | None,
    tie: Rattachement | None,
    entry: Entry | None,
    requests: Requests,
    *,
    place: Place,
    offer: Offer,
    submitted: Submitted,
) -> tuple[Change[Any], ...]:
    """
    Bring somebody in line with the turns of the espaces that have not reached them yet.

    What was closed ends (ESP-06). What was opened is asked for on their behalf, once (ESP-05),
    unless they hold it or wait for it; the principal manager has it at once, and only his own turns
    change what he has. Gives the changes of the rattachement, of the history and of each request.
    After a later turn than ``begun`` it is for others to do.
    """
    as_they_are = tuple(map(Change, requests.values()))
    if openings is None or openings.last != begun.last or tie is None or entry:
        return Change(tie), Change(entry), *as_they_are
    if tie.in_line >= openings.last or place.structure is None:
        return Change(tie), Change(entry), *as_they_are
    today = submitted.today
    reached = replace(tie, in_line=openings.last)
    if not tie.standing(today):
        return Change(reached), Change(entry), *as_they_are
    opened, closed = _turned(openings, tie, offer)
    after = tuple(one for one in held(tie, today) if not any(e.opens(one) for e in closed))
    if tie.role == "principal_manager":
        after, opened = _with_all(after, opened, tie, today), []
    changed, noted = applied(reached, after, cause="managed", submitted=submitted)
    left, asked = changed.state or reached, dict(zip(requests, as_they_are, strict=True))
    for espace in opened:
        current = requests[espace.code]
        left, asked[espace.code] = _listed(
            left, espace, openings, current, place=place, submitted=submitted
        )
    return Change(left, changed.events), noted, *asked.values()


def _turned(
    openings: Openings, tie: Rattachement, offer: Offer
) -> tuple[list[Espace], list[Espace]]:
    """What was opened and what was closed since somebody was last brought in line."""
    is_principal = tie.role == "principal_manager"
    turned = [
        (one.open, offer[one.espace])
        for one in openings.turns
        if one.number > tie.in_line and one.espace in offer and (one.principal or not is_principal)
    ]
    opened = [espace for was_opened, espace in turned if was_opened]
    closed = [espace for was_opened, espace in turned if not was_opened]
    return opened, closed


def _listed(
    tie: Rattachement,
    espace: Espace,
    openings: Openings,
    current: HabilitationsRequest | None,
    *,
    place: Place,
    submitted: Submitted,
) -> tuple[Rattachement, Change[HabilitationsRequest]]:
    """One line of the list that the opening of an espace comes to, unless there is no need."""
    waiting = {row_of(one) for pending in tie.pending_changes for one in pending.given}
    wanted = _all_of(espace, tie, submitted.today)
    more = tuple(one for one in missing(tie, wanted, submitted.today) if row_of(one) not in waiting)
    taken = replaced_by(tie, more, submitted.today)
    if not more or goes_beyond(tie, more, taken, submitted.today):
        return tie, Change(current)
    asked, tied, _ = put(
        tie,
        None,
        place,
        given=more,
        taken=taken,
        espace=espace.code,
        list_id=openings.list_of(espace.code),
        submitted=replace(submitted, id=request_id(submitted.id, espace.code)),
    )
    return tied.state or tie, asked


def _all_of(espace: Espace, tie: Rattachement, today: date) -> Held:
    """All its levels, wherever somebody is attached."""
    units = {line.unit for line in tie.standing(today)}
    where = [None] if None in units else sorted(unit for unit in units if unit)
    return tuple(one for unit in where for one in espace.on(unit))


def _with_all(had: Held, opened: list[Espace], tie: Rattachement, today: date) -> Held:
    """All that these espaces open, but for an espace whose rows would be too many."""
    for espace in opened:
        more = _with(had, missing(tie, _all_of(espace, tie, today), today))
        had = had if too_many(tie.lines, more) else more
    return had


def _with(had: Held, more: Held) -> Held:
    """Each row once: what is given replaces a row of other days."""
    rows = {row_of(one) for one in more}
    return (*(one for one in had if row_of(one) not in rows), *more)
