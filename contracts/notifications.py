"""What the notifications service tells. Topic: notifications.events."""

from contracts.event import Event, Gathered


class LettersGathered(Gathered, Event, type="notifications.letters-gathered.v1", key="export_id"):
    """What notifications keeps of a person."""
