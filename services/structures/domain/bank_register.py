"""The names and documents of all bank details of one structure, as one thing to decide on. Pure."""

import unicodedata
from dataclasses import dataclass, replace

from kit.change import Entity


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the register knows of one of the bank details; of those deactivated the name is free."""

    details_id: str
    name: str
    document_id: str
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BankRegister(Entity):
    """
    One for each structure, under its id.

    Whatever adds or changes bank details writes it too: so two of one name never meet, and a
    document that they rest on is not removed, whoever is faster.
    """

    entries: tuple[Entry, ...] = ()

    def names(self, name: str) -> str | None:
        """The id of the active details of this name, however it is written."""
        same = (one for one in self.entries if one.active and folded(one.name) == folded(name))
        return next((one.details_id for one in same), None)

    def rests_on(self, document_id: str) -> bool:
        return any(one.document_id == document_id for one in self.entries)

    def having(self, entry: Entry) -> "BankRegister":
        others = tuple(one for one in self.entries if one.details_id != entry.details_id)
        return replace(self, entries=(*others, entry))


def folded(name: str) -> str:
    """Without what is not seen: case, width, how letters are composed, how many spaces."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(plain.split())


def has_valid(register: BankRegister | None) -> bool:
    """Whether a structure has bank details that are valid, as some structures must."""
    return register is not None and any(one.active for one in register.entries)
