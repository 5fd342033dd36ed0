"""How any service has something decided by those who decide for a structure."""

from pydantic import AwareDatetime, BaseModel

from contracts.event import PersonalText


class Question(BaseModel):
    """
    What a service tells to ask: its own event derives from this one and is keyed by the question.

    Approvals puts it to whoever decides then, under ``question_id`` as the approval's id. How it
    ends is told by approvals, with the same ``kind`` and ``subject_id``: once, as decided,
    withdrawn or expired. Nothing but *approved* ever means yes.
    """

    question_id: str
    kind: str
    subject_id: str
    """What the asking service knows it by."""
    title: str
    """What is asked for, as those who decide read it in their list. In French."""
    changes: tuple[str, ...] = ()
    """What would change, a line each. Nobody is named there."""
    named: PersonalText = ""
    """The line of it that names somebody. No public event carries it."""
    requester_id: str
    structure_id: str
    structure_identifier: str
    structure_name: str | None
    units: tuple[str, ...] = ()
    """The units it is about; none means the whole structure."""
    comment: PersonalText = ""
    asked_at: AwareDatetime
