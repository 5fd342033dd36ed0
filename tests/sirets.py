"""SIRETs of companies that nobody else here has."""

from stdnum import luhn

from tests.turns import numbers

_turn = numbers()


def a_siret() -> str:
    """Another one each time, with right checksums."""
    siren = f"5{next(_turn):07}"
    return siret_of(f"{siren}{luhn.calc_check_digit(siren)}", 1)


def siret_of(siren: str, nic: int) -> str:
    """That of an establishment."""
    number = f"{siren}{nic:04}"
    return f"{number}{luhn.calc_check_digit(number)}"
