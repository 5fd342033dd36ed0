"""A claim to manage a structure: what it is, what it may change, and why it is refused."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from contracts.users import ClaimOutcome
from kit.change import Change, Entity
from kit.problems import Conflict, Forbidden, Invalid
from services.users.domain.accounts import Account
from services.users.domain.management import Management
from services.users.domain.rattachements import Defaults, Rattachement
from services.users.domain.requests import RattachementRequest
from services.users.domain.structures import Structure

Proof = Literal["code", "documents"]
State = Literal["open", "proved", "desk"] | ClaimOutcome
"""``desk``: the manager's notice did not reach them; operators decide, however it was proved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(Entity):
    """Somebody says that a structure is theirs to manage, and what became of that."""

    user_id: str
    structure_id: str
    structure_name: str | None
    proof: Proof
    reference: str = ""
    """Where the desk finds the documents: the number of a ticket."""
    nonce: str = ""
    """What the code follows from; nobody without a key of the installation can tell it."""
    tries_left: int
    state: State = "open"
    manager_id: str | None = None
    """The absent manager to whom notice is given."""
    notified_at: datetime | None = None
    """When their notice was handed over: without it, silence says nothing."""
    reason: str = ""
    decided_by: str = ""
    """The operator who judged the documents, or named the manager without a claim."""
    opened_at: datetime
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Parties:
    """All that a claim may change, as it stands. The last two are of whoever else manages it."""

    management: Management | None
    account: Account | None
    tie: Rattachement | None
    request: RattachementRequest | None
    structure: Structure | None
    manager: Account | None
    managers_tie: Rattachement | None

    @property
    def manager_id(self) -> str | None:
        return self.management.principal_manager_id if self.management else None


@dataclass(frozen=True, slots=True)
class Rules:
    """What an installation may choose about claims."""

    notice: timedelta
    defaults: Defaults


Settled = tuple[Change[Any], ...]
"""Of the claim, and then of each of its parties in their order."""


class AlreadyYours(Conflict):
    """You are the principal manager of this structure."""


class ClaimUnderWay(Conflict):
    """Somebody has proved a claim to this structure: its manager has some days to object."""


class ClaimOver(Conflict):
    """This claim has come to an end."""


class WrongCode(Invalid):
    """This is not the code of the letter that was sent to the structure."""


class ProvedByDocuments(Conflict):
    """The desk decides on this claim: it is proved by documents, not by a code."""


class ManagersObjectionOnly(Forbidden):
    """Only the principal manager of the structure may object to a claim."""


class NotYourOwnClaim(Forbidden):
    """Nobody decides on their own claim."""


class ManagedAlready(Conflict):
    """This structure has a principal manager: whoever claims it gives them notice."""


class NoSuchUser(Invalid):
    """Nobody has an active account with this login address."""


class ReasonForRejection(Invalid):
    """A claim is rejected for a reason."""
