"""What each action of docs/permissions.csv is done to, as a request that would be allowed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from time import time
from typing import Any

import pyotp
from aiokafka import AIOKafkaProducer
from httpx import Response

from deploy.embedded.mail import text
from deploy.embedded.sirene import PARTLY_DIFFUSIBLE
from kit.clock import today
from tests.platform import (
    PASSWORD,
    Platform,
    User,
    an_address,
    an_operator,
    answered,
    token_in,
    until,
)
from tests.sirets import a_siret, siret_of
from tests.stub_provider import Stub
from tests.turns import WORKER

ROLES = ("anonymous", "signed_in", "self", "manager", "unrelated_manager", "operator", "system")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: ``by`` is who makes it, None for nobody known."""

    path: str
    by: User | None
    after: Response | None = None
    body: dict[str, Any] = field(default_factory=dict)
    """``json=`` or ``data=``"""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cast:
    """People in each role around structures, on the running platform."""

    platform: Platform
    operator: User
    provider: Stub
    people: dict[str, User | None]
    founder: User
    """Of other structures, when the role must have nothing to do with them."""
    forgetful: User
    """Whose password and sessions count for nothing else."""
    public: Response
    """A structure of the manager, to which self is attached."""
    non_diffusible: Response
    person: Response
    """The same, but their cards are secret."""
    town_hall: str
    """The id of a public structure, which nobody manages."""
    client: Response
    """The account of a structure of the founder, as a client of the manager's."""
    profile: Response

    @classmethod
    async def around(cls, platform: Platform, operator: User, provider: Stub) -> "Cast":
        names = ("Stéphane", "Solène", "Marc", "Ulysse", "Fanny", "Flora")
        people = await asyncio.gather(
            *(platform.register(name, email=an_address("role")) for name in names)
        )
        stranger, self, manager, unrelated, founder, forgetful = people
        public = await platform.create_structure(manager)
        non_diffusible = await platform.create_structure(
            manager, siret_of(PARTLY_DIFFUSIBLE[:9], WORKER + 1)
        )
        person = await platform.ask("POST", "/v1/structures", json=a_person(), by=manager)
        answered(person, 201)
        await platform.create_structure(unrelated)

        async def attached(structure: Response) -> None:
            asked = await platform.request_rattachement(self, structure)
            decided = await platform.decide(manager, asked, verdict="approved")
            await until_reads(platform, self, structure, decided)

        await asyncio.gather(*map(attached, (public, non_diffusible, person)))
        supplier = {"supplier_id": public.json()["id"]}
        client = await platform.create_structure(founder)
        asked = supplier | {"structure_id": client.json()["id"]}
        account = await platform.ask("POST", "/v1/client-accounts", json=asked, by=manager)
        answered(account, 201)
        await accepted_by(platform, founder, account)
        asked = supplier | {"name": "Collectivité"}
        profile = await platform.ask("POST", "/v1/client-profiles", json=asked, by=manager)
        answered(profile, 201)
        system = await platform.system(operator)
        in_order = (None, stranger, self, manager, unrelated, operator, system)
        return cls(
            platform=platform,
            operator=operator,
            provider=provider,
            people=dict(zip(ROLES, in_order, strict=True)),
            founder=founder,
            forgetful=forgetful,
            public=public,
            non_diffusible=non_diffusible,
            person=person,
            town_hall=await platform.import_public(a_siret()),
            client=account,
            profile=profile,
        )

    @property
    def self(self) -> User:
        return self._person("self")

    @property
    def manager(self) -> User:
        return self._person("manager")

    def _person(self, role: str) -> User:
        user = self.people[role]
        assert user
        return user

    async def ask(self, method: str, asked: Asked) -> Response:
        return await self.platform.ask(
            method,
            asked.path,
            by=asked.by,
            after=asked.after,
            headers=asked.headers,
            **asked.body,
        )

    async def do(self, method: str, path: str, status: int, **asked: Any) -> Response:
        """A step that must work, on the way to what is tried."""
        answer = await self.platform.ask(method, path, **asked)
        answered(answer, status)
        return answer


def a_person() -> dict[str, Any]:
    names = {"last_name": "Garnier", "first_name": "Ines"}
    return names | {"identifier": {"type": "PARTICULIER", "value": f"29501{75001 + WORKER}GARNIER"}}


async def until_reads(
    platform: Platform, user: User, structure: Response, decided: Response
) -> None:
    async def record() -> Any:
        path = structure.headers["location"]
        return (await platform.ask("GET", path, by=user, after=decided)).json()

    await until(record, lambda seen: "created_by" in seen)


async def accepted_by(platform: Platform, client: User, account: Response) -> None:
    async def answer() -> int:
        path = f"{account.headers['location']}/acceptance"
        return (await platform.ask("PUT", path, by=client, after=account)).status_code

    # Until the client's rights there have been heard.
    await until(answer, lambda status: status == 200)


Scene = Callable[[Cast, str], Awaitable[Asked]]
SCENES: dict[tuple[str, str, str], list[Scene]] = {}
"""By method, path and what it is done to; where that has two kinds, a scene for each."""


def scene(action: str, about: str = "") -> Callable[[Scene], Scene]:
    def keep(made: Scene) -> Scene:
        method, path = action.split(" ")
        SCENES.setdefault((method, path, about), []).append(made)
        return made

    return keep


def as_it_is(action: str, about: str = "", query: str = "", **body: Any) -> None:
    """The path says all, for whoever asks."""
    path = action.split(" ")[1] + query

    async def asked(cast: Cast, role: str) -> Asked:
        return Asked(path, cast.people[role], body=body)

    scene(action, about)(asked)


OWN = "one's own"
OWN_ACCOUNT = "one's own account"
KNOWN = {"current_password": PASSWORD}
PUBLIC_CARD = "a structure whose card is public"
HIDDEN_CARD = "a person or a non-diffusible structure"
MANAGED = "the manager's structure"
ON_REQUEST = "on self's request in the manager's structure"

for one in ("clients", "structures/directory.csv"):
    as_it_is(f"GET /v1/{one}")
for one in ("structures", "structures.csv"):
    as_it_is(f"GET /v1/{one}", query="?q=menuis")
for one in ("sessions", "rattachements", "structures/active"):
    as_it_is(f"GET /v1/{one}", OWN)
for one in ("health", "lag", "letters", "parked"):
    as_it_is(f"GET /v1/ops/{one}")
as_it_is("GET /v1/client-accounts/portal-features")
as_it_is("GET /v1/client-accounts/portals", OWN)
as_it_is("GET /v1/me", OWN_ACCOUNT)
as_it_is("POST /v1/second-factor", OWN_ACCOUNT)
as_it_is("POST /v1/clients", json={"name": "ERP", "scopes": ["structures:read"]})
as_it_is("POST /v1/tickets", json={"draft": True, "title": "Une question"})


@scene("POST /v1/accounts")
async def open_account(cast: Cast, role: str) -> Asked:
    account = {"email": an_address("new"), "password": PASSWORD}
    names = {"first_name": "Nina", "last_name": "Roux"}
    return Asked("/v1/accounts", cast.people[role], body={"json": account | names})


@scene("POST /v1/accounts/activation")
async def activate(cast: Cast, role: str) -> Asked:
    asked = await open_account(cast, role)
    await cast.do("POST", asked.path, 202, **asked.body)
    token = token_in(await cast.platform.letter(asked.body["json"]["email"], "Activez"))
    return Asked("/v1/accounts/activation", cast.people[role], body={"json": {"token": token}})


for one in ("/v1/accounts/activation-links", "/v1/password-resets"):
    as_it_is(f"POST {one}", json={"email": "nobody@example.org"})


@scene("POST /v1/sessions")
async def sign_in(cast: Cast, role: str) -> Asked:
    credentials = {"email": cast.founder.email, "password": PASSWORD}
    return Asked("/v1/sessions", cast.people[role], body={"json": credentials})


@scene("POST /v1/sessions/challenge")
async def answer_challenge(cast: Cast, role: str) -> Asked:
    user = await somebody_like(cast, "founder")
    code = await second_factor(cast, user)
    on = await cast.do("PUT", "/v1/second-factor", 200, by=user, json=KNOWN | {"code": code(-1)})
    assert on.json() == {"on": True}
    credentials = {"email": user.email, "password": PASSWORD}
    challenged = await cast.do("POST", "/v1/sessions", 202, json=credentials)
    shown = {"challenge": challenged.json()["challenge"], "code": code(0)}
    return Asked("/v1/sessions/challenge", cast.people[role], body={"json": shown})


@scene("POST /v1/sessions/refresh")
async def refresh(cast: Cast, role: str) -> Asked:
    token = (await cast.platform.sign_in(cast.founder.email)).refresh_token
    body = {"json": {"refresh_token": token}}
    return Asked("/v1/sessions/refresh", cast.people[role], body=body)


@scene("POST /v1/password-resets/confirmation")
async def choose_password(cast: Cast, role: str) -> Asked:
    letters, email = cast.platform.letters, cast.forgetful.email
    before = len(letters(email))
    await cast.do("POST", "/v1/password-resets", 202, json={"email": email})

    async def look() -> list[EmailMessage]:
        return [one for one in letters(email)[before:] if "token=" in text(one)]

    token = token_in(text((await until(look, bool))[0]))
    body = {"json": {"token": token, "password": PASSWORD}}
    return Asked("/v1/password-resets/confirmation", cast.people[role], body=body)


@scene("POST /v1/tokens")
async def get_token(cast: Cast, role: str) -> Asked:
    asked = {"name": "ERP", "scopes": ["structures:read"]}
    opened = (await cast.do("POST", "/v1/clients", 201, by=cast.operator, json=asked)).json()
    form = {name: opened[name] for name in ("client_id", "client_secret")}
    form["grant_type"] = "client_credentials"
    return Asked("/v1/tokens", cast.people[role], body={"data": form})


@scene("DELETE /v1/sessions/current", OWN)
async def sign_out(cast: Cast, role: str) -> Asked:
    by = cast.people[role]
    if by and by.email:
        by = await cast.platform.sign_in(by.email)
    return Asked("/v1/sessions/current", by)


@scene("DELETE /v1/sessions/{id}", "self's session")
async def sign_out_there(cast: Cast, role: str) -> Asked:
    there = await cast.platform.sign_in(cast.self.email)
    return Asked(f"/v1/sessions/{there.refresh_token.partition('.')[0]}", cast.people[role])


@scene("PUT /v1/second-factor", OWN_ACCOUNT)
async def turn_on(cast: Cast, role: str) -> Asked:
    by = await somebody_like(cast, role)
    shown = (await second_factor(cast, by))(0) if by and by.email else "123456"
    return Asked("/v1/second-factor", by, body={"json": KNOWN | {"code": shown}})


@scene("DELETE /v1/second-factor", OWN_ACCOUNT)
async def turn_off(cast: Cast, role: str) -> Asked:
    by, shown = await somebody_like(cast, role), "123456"
    if by and by.email:
        code = await second_factor(cast, by)
        await cast.do("PUT", "/v1/second-factor", 200, by=by, json=KNOWN | {"code": code(-1)})
        shown = code(0)
    return Asked("/v1/second-factor", by, body={"json": KNOWN | {"code": shown}})


async def a_client(cast: Cast) -> str:
    asked = {"name": "ERP", "scopes": ["structures:read"]}
    opened = await cast.do("POST", "/v1/clients", 201, by=cast.operator, json=asked)
    return f"/v1/clients/{opened.json()['client_id']}"


@scene("DELETE /v1/clients/{id}")
async def revoke_client(cast: Cast, role: str) -> Asked:
    return Asked(await a_client(cast), cast.people[role])


@scene("POST /v1/clients/{id}/secrets")
async def give_a_client_another_secret(cast: Cast, role: str) -> Asked:
    return Asked(f"{await a_client(cast)}/secrets", cast.people[role])


@scene("POST /v1/rattachements", PUBLIC_CARD)
async def request(cast: Cast, role: str) -> Asked:
    structure = await cast.platform.create_structure(cast.founder)
    wanted = {"structure_id": structure.json()["id"], "valid_from": today().isoformat()}
    body = {"json": wanted}
    return Asked("/v1/rattachements", cast.people[role], structure, body)


async def pending(cast: Cast) -> Response:
    structure = await cast.platform.create_structure(cast.manager)
    return await cast.platform.request_rattachement(cast.self, structure)


@scene("GET /v1/rattachements/{id}", "self's request")
async def read_request(cast: Cast, role: str) -> Asked:
    asked = await pending(cast)
    return Asked(f"/v1/rattachements/{asked.json()['id']}", cast.people[role], asked)


@scene("POST /v1/ops/parked/{id}/retry")
async def retry(cast: Cast, role: str) -> Asked:
    return Asked(f"/v1/ops/parked/{await a_parked_event(cast)}/retry", cast.people[role])


@scene("POST /v1/ops/parked/{id}/discard")
async def discard(cast: Cast, role: str) -> Asked:
    path = f"/v1/ops/parked/{await a_parked_event(cast)}/discard"
    return Asked(path, cast.people[role], body={"json": {"reason": "Not from us."}})


async def somebody_like(cast: Cast, role: str) -> User | None:
    """Another person in this role, whose account may be changed."""
    known = cast.people.get(role, cast.founder)
    if known is None or not known.email:
        return known
    email = an_operator() if role == "operator" else an_address("other")
    return await cast.platform.register("Ines", email=email)


async def second_factor(cast: Cast, user: User | None) -> Callable[[int], str]:
    """Set up, not yet on: gives the code of the present moment, or of so many steps later."""
    secret = (await cast.do("POST", "/v1/second-factor", 201, by=user)).json()["secret"]
    return lambda step: pyotp.TOTP(secret).at(int(time()) + 30 * step)


async def a_parked_event(cast: Cast) -> str:
    """Somebody else's event in a topic of ours: set aside by whoever knows its type."""
    headers = [("ce_type", b"users.person-changed.v1"), ("ce_id", b"stranger")]
    async with AIOKafkaProducer(
        bootstrap_servers=cast.platform.kafka, enable_idempotence=False
    ) as producer:
        sent = await producer.send_and_wait("users.events", b"{}", key=b"stranger", headers=headers)
    id = f"notifications:users.events~{sent.partition}~{sent.offset}"

    async def parked() -> list[str]:
        answer = await cast.do("GET", "/v1/ops/parked?size=500", 200, by=cast.operator)
        return [one["id"] for one in answer.json()["items"]]

    await until(parked, lambda ids: id in ids)
    return id
