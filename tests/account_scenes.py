"""The scenes of what people change about their own accounts: see tests/scenes.py."""

import re

from tests.platform import PASSWORD, User, an_address, token_in
from tests.scenes import (
    KNOWN,
    OWN_ACCOUNT,
    Asked,
    Cast,
    as_it_is,
    scene,
    second_factor,
    somebody_like,
)

PROFILE = {
    "personal": {"first_name": "Nina", "last_name": "Roux"},
    "parameters": {"language": "fr", "time_zone": "Europe/Paris", "notifications": {}},
}

as_it_is("GET /v1/effort")
as_it_is("DELETE /v1/sessions", "one's own but the present one")
as_it_is("PUT /v1/me", OWN_ACCOUNT, json=PROFILE)
as_it_is(
    "PUT /v1/me/secret-question",
    OWN_ACCOUNT,
    json=KNOWN | {"question": "Le nom de mon premier chat ?", "answer": "Minouche"},
)
as_it_is("POST /v1/second-factor/letters", OWN_ACCOUNT)


@scene("PUT /v1/me/password", OWN_ACCOUNT)
async def change_password(cast: Cast, role: str) -> Asked:
    body = {"json": KNOWN | {"password": PASSWORD}}
    return Asked("/v1/me/password", await somebody_like(cast, role), body=body)


@scene("PUT /v1/me/login", OWN_ACCOUNT)
async def change_login(cast: Cast, role: str) -> Asked:
    body = {"json": KNOWN | {"email": an_address("new")}}
    return Asked("/v1/me/login", cast.people[role], body=body)


async def a_code_by_letter(cast: Cast, user: User) -> str:
    await cast.do("POST", "/v1/second-factor/letters", 202, by=user)
    return code_in(await cast.platform.letter(user.email, "code"))


def code_in(letter: str) -> str:
    [code] = re.findall(r"^(\d{6})\r?$", letter, re.MULTILINE)
    return str(code)


@scene("POST /v1/sessions/challenge/letters")
async def ask_for_a_code(cast: Cast, role: str) -> Asked:
    user = await somebody_like(cast, "founder")
    assert user
    code = KNOWN | {"code": await a_code_by_letter(cast, user)}
    await cast.do("PUT", "/v1/second-factor/email", 200, by=user, json=code)
    credentials = {"email": user.email, "password": PASSWORD}
    challenge = (await cast.do("POST", "/v1/sessions", 202, json=credentials)).json()["challenge"]
    body = {"json": {"challenge": challenge}}
    return Asked("/v1/sessions/challenge/letters", cast.people[role], body=body)


@scene("PUT /v1/second-factor/email", OWN_ACCOUNT)
async def turn_email_on(cast: Cast, role: str) -> Asked:
    by, code = await somebody_like(cast, role), "123456"
    if by and by.email:
        code = await a_code_by_letter(cast, by)
    return Asked("/v1/second-factor/email", by, body={"json": KNOWN | {"code": code}})


@scene("POST /v1/second-factor/recovery-codes", OWN_ACCOUNT)
async def make_recovery_codes(cast: Cast, role: str) -> Asked:
    by, shown = await somebody_like(cast, role), "123456"
    if by and by.email:
        code = await second_factor(cast, by)
        await cast.do("PUT", "/v1/second-factor", 200, by=by, json=KNOWN | {"code": code(-1)})
        shown = code(0)
    return Asked("/v1/second-factor/recovery-codes", by, body={"json": KNOWN | {"code": shown}})


async def followed(cast: Cast, role: str, path: str, to_old: bool, subject: str) -> Asked:
    user, email = await somebody_like(cast, "founder"), an_address("new")
    assert user
    await cast.do("PUT", "/v1/me/login", 202, by=user, json=KNOWN | {"email": email})
    token = token_in(await cast.platform.letter(user.email if to_old else email, subject))
    return Asked(path, cast.people[role], body={"json": {"token": token}})


@scene("POST /v1/accounts/login-confirmation")
async def confirm_login(cast: Cast, role: str) -> Asked:
    return await followed(cast, role, "/v1/accounts/login-confirmation", False, "Confirmez")


@scene("POST /v1/accounts/login-cancellation")
async def cancel_login(cast: Cast, role: str) -> Asked:
    return await followed(cast, role, "/v1/accounts/login-cancellation", True, "va changer")


@scene("POST /v1/accounts/contact-confirmation")
async def confirm_contact(cast: Cast, role: str) -> Asked:
    user, email = await somebody_like(cast, "founder"), an_address("contact")
    personal = PROFILE["personal"] | {"contact_email": email}
    await cast.do("PUT", "/v1/me", 200, by=user, json=PROFILE | KNOWN | {"personal": personal})
    token = token_in(await cast.platform.letter(email, "Confirmez"))
    path = "/v1/accounts/contact-confirmation"
    return Asked(path, cast.people[role], body={"json": {"token": token}})
