"""What can be seen to be wrong with an identifier before its owner is asked. Pure."""

from stdnum.eu import vat
from stdnum.fr import siret

from contracts.structures import IdentifierType
from kit.problems import Invalid


class InvalidIdentifier(Invalid):
    """This is not a valid identifier of its type."""


def check_identifier(kind: IdentifierType, value: str, *, field: str) -> None:
    """By its key, where it has one; structures has the rules of all, and applies them at last."""
    written = "".join(value.split()).upper()
    keyed = {"SIRET": siret.is_valid, "UE_HORS_FRANCE": vat.is_valid}.get(kind)
    if keyed and not keyed(written):
        raise InvalidIdentifier(field=field)
