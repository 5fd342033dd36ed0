"""What somebody has to put right before it can work."""


class Trouble(Exception):
    """The message says what is wrong, and what to do or where to look."""
