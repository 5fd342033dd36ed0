"""How a structure in which nobody decides comes to have a manager again."""

from typing import Final, Literal

from pydantic import AwareDatetime

from contracts.event import Event, PersonalText

ClaimOutcome = Literal["granted", "objected", "rejected", "lapsed"]

CLAIM_DIGITS: Final = 10
"""Of the code that proves a claim: it opens more than one account, and is good for days."""


class RequestBlocked(Event, type="users.request-blocked.v1", key="request_id"):
    """Nobody may decide on what a user asked: it waits, and they may claim the structure."""

    request_id: str
    user_id: str
    structure_id: str
    structure_name: str | None
    noticed_at: AwareDatetime


class VacancyOpened(Event, type="users.vacancy-opened.v1", key="structure_id", audience="public"):
    """Nobody decides in this structure: somebody may claim its management."""

    structure_id: str
    structure_name: str | None
    requester_id: str | None
    """Who asked for something there, and found nobody."""
    opened_at: AwareDatetime


class VacancyCodeRequested(Event, type="users.vacancy-code-requested.v1", key="claim_id"):
    """A claim is to be proved by a code, sent to the structure. Without a key the nonce is none."""

    claim_id: str
    structure_id: str
    nonce: str
    expires_at: AwareDatetime


class VacancyNoticeGiven(Event, type="users.vacancy-notice-given.v1", key="claim_id"):
    """Somebody has proved a claim: it is granted unless the present manager objects in time."""

    claim_id: str
    structure_id: str
    structure_name: str | None
    claimant_id: str
    manager_id: str
    notice_until: AwareDatetime
    given_at: AwareDatetime


class VacancyClaimSettled(Event, type="users.vacancy-claim-settled.v1", key="claim_id"):
    """What became of a claim; granted, its claimant is the principal manager."""

    claim_id: str
    structure_id: str
    structure_name: str | None
    claimant_id: str
    former_manager_id: str | None
    outcome: ClaimOutcome
    reason: PersonalText = ""
    settled_at: AwareDatetime
    decided_by: str = ""
    """Of the support desk: whose words the reason is."""
