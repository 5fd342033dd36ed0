"""SIRETs of companies that nobody else here has."""

from itertools import count

from stdnum import luhn

_turn = count(1)


def a_siret() -> str:
    """Another one each time, with right checksums."""
    siren = f"5{next(_turn):07}"
    nic = f"{siren}{luhn.calc_check_digit(siren)}0001"
    return f"{nic}{luhn.calc_check_digit(nic)}"
