"""Hashing with the real parameters, beside the event loop."""

import asyncio

from argon2 import extract_parameters
from pwdlib.hashers.argon2 import Argon2Hasher

from services.users.passwords import Passwords, TooBusy
from services.users.settings import UsersSettings

REAL = {
    "memory": UsersSettings.model_fields["password_memory"].default,
    "passes": UsersSettings.model_fields["password_passes"].default,
}


async def test_a_password_is_known_again_however_its_accents_are_typed():
    passwords = Passwords(**REAL)
    hash = await passwords.hash("Zo\u00e9 aime l'\u00e9t\u00e9")

    assert hash.startswith("$argon2id$")
    assert await passwords.verify("Zoe\u0301 aime l'e\u0301te\u0301", hash)
    assert not await passwords.verify("Zoe aime l'ete", hash)


async def test_no_hash_at_all_is_never_right():
    assert not await Passwords(**REAL).verify("", "")


async def test_only_a_right_password_is_hashed_anew_and_only_if_it_was_hashed_otherwise():
    old, new = Passwords(memory=64, passes=1), Passwords(memory=128, passes=1)
    hash = await old.hash("a long enough one")

    assert await old.check("a long enough one", hash) == (True, "")
    assert await new.check("a wrong one, indeed", hash) == (False, "")
    right, renewed = await new.check("a long enough one", hash)
    assert right
    assert await new.check("a long enough one", renewed) == (True, "")


async def test_a_wrong_password_is_never_refused_sooner_than_an_unknown_account(monkeypatch):
    kept = {cost: await Passwords(memory=cost, passes=1).hash("right") for cost in (64, 128, 256)}
    passwords, verified = Passwords(memory=128, passes=1), []
    verify = Argon2Hasher.verify

    def noted(hasher: Argon2Hasher, password: str, hash: str) -> bool:
        verified.append(extract_parameters(hash).memory_cost)
        return verify(hasher, password, hash)

    monkeypatch.setattr(Argon2Hasher, "verify", noted)
    for hash in ("", kept[128], kept[64], kept[256]):
        assert await passwords.check("wrong", hash) == (False, "")

    # What an unknown account costs; the same; and beside a hash of another cost, as much again.
    assert verified == [128, 128, 64, 128, 256, 128]


async def test_the_event_loop_goes_on_meanwhile():
    passwords = Passwords(**REAL)
    hashing = asyncio.gather(*(passwords.hash("a long enough one") for _ in range(3)))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0)
        turns += 1
    await hashing

    assert turns > 10


async def test_those_who_would_wait_too_long_are_told_at_once(monkeypatch):
    monkeypatch.setattr("services.users.passwords.WAITING_MOST", 2)
    passwords = Passwords(**REAL)
    outcomes = await asyncio.gather(
        *(passwords.hash("a long enough one") for _ in range(4)), return_exceptions=True
    )

    assert [isinstance(one, TooBusy) for one in outcomes] == [False, False, True, True]
