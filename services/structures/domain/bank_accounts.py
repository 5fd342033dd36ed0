"""Numbers of bank accounts, as a RIB or an IBAN, with their keys. Pure."""

import re
from dataclasses import dataclass, field
from typing import Final

from stdnum import bic as bics
from stdnum import iban as ibans
from stdnum.exceptions import InvalidComponent, ValidationError

from contracts.structures import AccountType
from kit.problems import Invalid

# The parts of France overseas that ISO 3166 lists on their own; their IBANs begin with FR.
_FRENCH: Final = frozenset(["BL", "GF", "GP", "MF", "MQ", "NC", "PF", "PM", "RE", "TF", "WF", "YT"])
_WITH_RIB: Final = frozenset({"FR", "MC"})
_BBAN: Final = re.compile(r"[0-9A-Z]{1,30}")
_RIB: Final = re.compile(r"([0-9]{5})([0-9]{5})([0-9A-Z]{11})([0-9]{2})")
_DIGITS: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "12345678912345678923456789")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account whose keys are right. Its number is never part of what is logged."""

    type: AccountType
    country: str
    iban: str = field(repr=False)
    bic: str | None = None

    @property
    def iban_key(self) -> str:
        return self.iban[2:4]

    @property
    def bban(self) -> str:
        return self.iban[4:]

    @property
    def ending(self) -> str:
        """All that is told of the number."""
        return self.iban[-4:]


class NoAccountsThere(Invalid):
    """Accounts of this country have no number of this type."""


class InvalidAccountNumber(Invalid):
    """This is not the number of an account of this country."""


class WrongRibKey(Invalid):
    """The key at the end of this RIB is wrong."""


class IbanKeyMissing(Invalid):
    """An IBAN needs its key: the two digits after the country."""


class WrongIbanKey(Invalid):
    """This key does not fit this account."""


class InvalidBic(Invalid):
    """A BIC has 8 or 11 characters: bank, country, place and branch."""


def account(
    type: AccountType, *, country: str, bban: str, iban_key: str | None, bic: str | None
) -> Account:
    """``iban_key`` may be absent for a RIB, whose own key is at its end."""
    issuer = "FR" if country in _FRENCH else country
    number = re.sub(r"[\s.-]", "", bban).upper()
    if type == "RIB" and issuer not in _WITH_RIB:
        raise NoAccountsThere("A RIB is French.", field="body/country")
    if type == "IBAN" and not iban_key:
        raise IbanKeyMissing(field="body/iban_key")
    key = _key_of(issuer, number)
    if issuer in _WITH_RIB and not rib_key_fits(number):
        raise WrongRibKey(field="body/bban")
    if iban_key and iban_key != key:
        raise WrongIbanKey(field="body/iban_key")
    return Account(type=type, country=country, iban=issuer + key + number, bic=_bic(bic))


def rib_key_fits(rib: str) -> bool:
    parts = _RIB.fullmatch(rib)
    if not parts:
        return False
    bank, branch, number, key = (int(part.translate(_DIGITS)) for part in parts.groups())
    return key == 97 - (89 * bank + 15 * branch + 3 * number) % 97


def _key_of(issuer: str, number: str) -> str:
    """The key that an IBAN with this number has; raises when the country knows no such number."""
    if not _BBAN.fullmatch(number):
        raise InvalidAccountNumber(field="body/bban")
    key: str = ibans.calc_check_digits(f"{issuer}00{number}")
    try:
        # Not by the rules of each country: they refuse banks that the library does not list.
        ibans.validate(issuer + key + number, check_country=False)
    except InvalidComponent:
        raise NoAccountsThere("This country has no IBAN.", field="body/country") from None
    except ValidationError:
        raise InvalidAccountNumber(field="body/bban") from None
    return key


def _bic(given: str | None) -> str | None:
    if not given:
        return None
    try:
        return str(bics.validate(given.upper()))
    except ValidationError:
        raise InvalidBic(field="body/bic") from None
