"""How rattachements end because somebody wants it: a manager detaches, or a user leaves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from contracts.users import RattachementRemoved
from kit.change import Change
from kit.problems import Conflict, Invalid, NotFound
from services.users.domain.actions import Action, Done, done
from services.users.domain.attaching import refuse_outside
from services.users.domain.delegation import administrator
from services.users.domain.habilitation_history import Entry, recorded
from services.users.domain.invitations import Invitee, uninvited
from services.users.domain.lines import Lines, units_of
from services.users.domain.rattachements import Rattachement, left_with, rights_of
from services.users.domain.structures import Structure

Changes = tuple[Change[Rattachement], Change[Action]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Who takes a rattachement away, when and why. ``id``: of what is kept of it."""

    id: str
    by: str
    at: datetime
    comment: str = ""

    def taken(
        self, tie: Rattachement | None, removed: Change[Rattachement], entry: Entry | None
    ) -> Change[Entry]:
        """What the history of habilitations has of it."""
        return recorded(tie, removed, entry, id=self.id, cause="detached", by=self.by, at=self.at)


class PrincipalManagerStays(Conflict):
    """The principal manager is not detached: a successor is named first."""


class AttachedToTheWhole(Conflict):
    """This user is attached to the whole structure, not to units of it."""


class LeaveInstead(Conflict):
    """Nobody detaches themselves: leave the structure."""


class SuccessorMissing(Conflict):
    """You are the principal manager of these structures: name a successor in each first."""


class ConfirmationMissing(Invalid):
    """Confirm that you leave these structures."""


def detach(
    acting: Rattachement | None,
    tie: Rattachement | None,
    invitee: Invitee | None,
    action: Action | None,
    structure: Structure | None,
    *,
    structure_id: str,
    units: tuple[str, ...],
    removal: Removal,
    on: date,
) -> tuple[Change[Rattachement], Change[Invitee], Change[Action]]:
    """
    Take a user out of the whole structure (no ``units``), or of these.

    What invites them there goes too: they may have accepted it, and be attached in a moment.
    """
    manager = administrator(acting, on)
    known = tie if tie and (manager.meets(tie) or (tie.past and manager.reaches(None))) else None
    meant = invitee.lines_in(structure_id) if invitee else ()
    if known is None and not meant:
        raise NotFound
    if known and known.role == "principal_manager":
        raise PrincipalManagerStays
    stood = known.lines if known else ()
    gone = tuple(line for line in stood if not units or line.unit in units)
    recalled = tuple(line for line in meant if not units or line.unit in units)
    if not gone and not recalled:
        if any(line.unit is None for line in (*stood, *meant)):
            raise AttachedToTheWhole
        return Change(tie), Change(invitee), Change(action)
    refuse_outside(manager, (*gone, *recalled))
    left = uninvited(invitee, structure_id, units) if invitee and recalled else Change(invitee)
    if known is None or not gone:
        return Change(tie), left, Change(action)
    removed, noted = _removed(known, action, structure, gone, what="detached", removal=removal)
    return removed, left, noted


def leave(
    ties: Sequence[Rattachement | None],
    structures: Sequence[Structure | None],
    actions: Sequence[Action | None],
    *,
    confirmed: bool,
    removals: Sequence[Removal],
) -> list[Changes]:
    """Leave several structures, all or none. What one has left already stays left."""
    known = [tie for tie in ties if tie and (tie.lines or tie.past)]
    if len(known) < len(ties):
        raise NotFound
    if bound := [one.structure_id for one in known if one.role == "principal_manager"]:
        raise SuccessorMissing(structure_ids=bound)
    going = [one.structure_id for one in known if one.lines]
    if going and not confirmed:
        raise ConfirmationMissing(field="body/confirmed", structures=_named(structures, going))
    return [
        _removed(tie, action, structure, tie.lines, what="left", removal=removal)
        if tie.lines
        else (Change(tie), Change(action))
        for tie, structure, action, removal in zip(
            known, structures, actions, removals, strict=True
        )
    ]


def _removed(
    tie: Rattachement,
    action: Action | None,
    structure: Structure | None,
    gone: Lines,
    *,
    what: Done,
    removal: Removal,
) -> Changes:
    kept = tuple(line for line in tie.lines if line not in gone)
    left = left_with(tie, kept, how="removed", comment=removal.comment)
    told = RattachementRemoved(
        rattachement_id=tie.id,
        user_id=tie.user_id,
        structure_id=tie.structure_id,
        structure_name=structure.legal_name if structure else None,
        units=units_of(gone) if kept else (),
        comment=removal.comment,
        removed_by=removal.by,
        removed_at=removal.at,
    )
    noted = done(
        action,
        tie,
        what,
        gone,
        id=removal.id,
        by=removal.by,
        at=removal.at,
        comment=removal.comment,
    )
    return Change(left, (rights_of(left), told)), noted


def _named(
    structures: Sequence[Structure | None], ids: Sequence[str]
) -> list[dict[str, str | None]]:
    return [
        {"id": one.id, "identifier": one.identifier, "name": one.legal_name}
        for one in structures
        if one and one.id in ids
    ]
