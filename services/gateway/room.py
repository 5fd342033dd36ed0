"""The memory that files on their way in may take, all together."""

from kit.problems import Unavailable


class TooManyFiles(Unavailable):
    """Too many files are on their way: send yours in a moment."""


class Room:
    """Bytes take it as they come: what is only announced takes none."""

    def __init__(self, most: int) -> None:
        self._left = most

    def take(self, size: int) -> None:
        if size > self._left:
            raise TooManyFiles
        self._left -= size

    def give_back(self, size: int) -> None:
        self._left += size
