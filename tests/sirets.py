"""SIRETs of companies that nobody else here has."""

from stdnum import luhn

from tests.turns import numbers

_turn = numbers()


def a_siret() -> str:
    """Another one each time, with right checksums."""
    siren = f"5{next(_turn):07}"
    nic = f"{siren}{luhn.calc_check_digit(siren)}0001"
    return f"{nic}{luhn.calc_check_digit(nic)}"
