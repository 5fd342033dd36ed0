"""What each action of docs/permissions.csv is done to, as a request that would be allowed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from itertools import count
from time import time
from typing import Any

import pyotp
from aiokafka import AIOKafkaProducer
from httpx import Response

from contracts.structures import DEFAULT_UNIT
from deploy.embedded.mail import text
from deploy.embedded.sirene import PARTLY_DIFFUSIBLE
from kit.clock import today
from services.structures.domain.units import unit_id
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

_turn = count(1)
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


@scene("POST /v1/structures", "a private structure")
async def create_structure(cast: Cast, role: str) -> Asked:
    identifier = {"type": "SIRET", "value": a_siret()}
    return Asked("/v1/structures", cast.people[role], body={"json": {"identifier": identifier}})


@scene("GET /v1/structures/{id}", PUBLIC_CARD)
async def read_public(cast: Cast, role: str) -> Asked:
    return Asked(cast.public.headers["location"], cast.people[role])


@scene("GET /v1/structures/{id}", HIDDEN_CARD)
async def read_non_diffusible(cast: Cast, role: str) -> Asked:
    return Asked(cast.non_diffusible.headers["location"], cast.people[role])


@scene("GET /v1/structures/{id}", HIDDEN_CARD)
async def read_person(cast: Cast, role: str) -> Asked:
    return Asked(cast.person.headers["location"], cast.people[role])


@scene("GET /v1/structures/referenced")
async def ask_whether_referenced(cast: Cast, role: str) -> Asked:
    params = {"type": "SIRET", "value": cast.public.json()["identifier"]["value"]}
    return Asked("/v1/structures/referenced", cast.people[role], body={"params": params})


def on_structures(action: str, *, hidden: bool = False, **body: Any) -> None:
    """Something done to what manager manages and self is attached to."""
    method, path = action.split(" ")

    def done_to(name: str) -> Scene:
        async def asked(cast: Cast, role: str) -> Asked:
            structure: Response = getattr(cast, name)
            sub = path.removeprefix("/v1/structures/{id}")
            return Asked(structure.headers["location"] + sub, cast.people[role], body=body)

        return asked

    scene(f"{method} {path}", MANAGED)(done_to("public"))
    for name in ("non_diffusible", "person") if hidden else ():
        scene(f"{method} {path}", HIDDEN_CARD)(done_to(name))


on_structures("PATCH /v1/structures/{id}", hidden=True, json={"phone": "+33 1 02 03 04 05"})
on_structures("GET /v1/structures/{id}/history", hidden=True)
on_structures("PUT /v1/structures/{id}/refresh")
on_structures("PUT /v1/structures/{id}/activation")
on_structures(
    "PUT /v1/structures/{id}/edi-options", json={"receives_life_cycles": True, "sends_flows": True}
)


@scene("PUT /v1/structures/{id}/deactivation", MANAGED)
async def deactivate(cast: Cast, role: str) -> Asked:
    structure = await cast.platform.create_structure(cast.manager)
    path = f"{structure.headers['location']}/deactivation"
    return Asked(path, cast.people[role], structure)


@scene("POST /v1/structures/{id}/duplicates", MANAGED)
async def duplicate(cast: Cast, role: str) -> Asked:
    structure = await cast.platform.create_structure(cast.manager)
    path = f"{structure.headers['location']}/duplicates"
    body = {"json": {"identifier": {"type": "SIRET", "value": a_siret()}}}
    return Asked(path, cast.people[role], structure, body)


@scene("PUT /v1/ops/structures/{id}/flags", "a public structure")
async def flag(cast: Cast, role: str) -> Asked:
    names = ("unit_required", "engagement_required", "unit_or_engagement", "moa", "moa_only")
    flags = dict.fromkeys((*names, "payment_status_withheld", "delegated_validator"), False)
    path = f"/v1/ops/structures/{cast.town_hall}/flags"
    return Asked(path, cast.people[role], body={"json": flags})


SUPPLIER = "the manager's structure as a supplier"
ACCOUNT = "the account of a client of the manager's structure"
AS_CLIENT = "the account of the manager's structure as a client"
PROFILE = "a profile of the manager's structure"
PROPERTIES = {
    "chorus": False,
    "orders": {
        "engagement_number_required": False,
        "validation_history": True,
        "offer_subtotal": False,
    },
}


@scene("POST /v1/client-accounts", SUPPLIER)
async def open_client_account(cast: Cast, role: str) -> Asked:
    client = await cast.platform.create_structure(cast.founder)
    body = {"supplier_id": cast.public.json()["id"], "structure_id": client.json()["id"]}
    return Asked("/v1/client-accounts", cast.people[role], body={"json": body})


def of_the_supplier(action: str) -> None:
    async def asked(cast: Cast, role: str) -> Asked:
        path = f"{action.split(' ')[1]}?supplier_id={cast.public.json()['id']}"
        return Asked(path, cast.people[role])

    scene(action, SUPPLIER)(asked)


for one in ("client-accounts", "client-accounts/group-report", "client-profiles"):
    of_the_supplier(f"GET /v1/{one}")


def of_an_account(action: str, **body: Any) -> None:
    what = action.partition("{id}")[2]

    async def asked(cast: Cast, role: str) -> Asked:
        return Asked(cast.client.headers["location"] + what, cast.people[role], body=body)

    scene(action, ACCOUNT)(asked)


for one in ("", "/document-defaults", "/users", "/messages", "/order-checks"):
    of_an_account(f"GET /v1/client-accounts/{{id}}{one}")
of_an_account("PUT /v1/client-accounts/{id}", json={"name": "Papeterie"})
of_an_account("PUT /v1/client-accounts/{id}/properties", json=PROPERTIES)
of_an_account("POST /v1/client-accounts/{id}/messages", json={"text": "Bonjour"})
of_an_account("POST /v1/client-accounts/{id}/order-checks", json={"order_number": "C-7"})


CLIENT_ANSWERS = tuple(f"PUT /v1/client-accounts/{{id}}/{one}" for one in ("acceptance", "refusal"))


def as_a_client(action: str, **body: Any) -> None:
    """The other side: the manager's structure is the client, of a structure of the founder."""
    what = action.partition("{id}")[2]

    async def asked(cast: Cast, role: str) -> Asked:
        supplier = await cast.platform.create_structure(cast.founder)
        account = {
            "supplier_id": supplier.json()["id"],
            "structure_id": cast.public.json()["id"],
        }
        opened = await cast.do("POST", "/v1/client-accounts", 201, by=cast.founder, json=account)
        if action not in CLIENT_ANSWERS:
            await cast.do("PUT", opened.headers["location"] + "/acceptance", 200, by=cast.manager)
        return Asked(opened.headers["location"] + what, cast.people[role], body=body)

    scene(action, AS_CLIENT)(asked)


as_a_client("GET /v1/client-accounts/{id}")
as_a_client("GET /v1/client-accounts/{id}/messages")
as_a_client("POST /v1/client-accounts/{id}/messages", json={"text": "Bonjour"})
for one in ("GET /v1/client-accounts/{id}/consent", *CLIENT_ANSWERS):
    as_a_client(one)


@scene("POST /v1/client-profiles", SUPPLIER)
async def keep_profile(cast: Cast, role: str) -> Asked:
    asked = {"supplier_id": cast.public.json()["id"], "name": "Collectivité"}
    return Asked("/v1/client-profiles", cast.people[role], body={"json": asked})


@scene("GET /v1/client-profiles/{id}", PROFILE)
async def read_profile(cast: Cast, role: str) -> Asked:
    return Asked(cast.profile.headers["location"], cast.people[role])


@scene("PUT /v1/client-profiles/{id}", PROFILE)
async def rewrite_profile(cast: Cast, role: str) -> Asked:
    path = cast.profile.headers["location"]
    return Asked(path, cast.people[role], body={"json": {"name": "Mairie"}})


@scene("DELETE /v1/client-profiles/{id}", PROFILE)
async def forget_profile(cast: Cast, role: str) -> Asked:
    kept = await keep_profile(cast, "manager")
    made = await cast.do("POST", kept.path, 201, by=cast.manager, **kept.body)
    return Asked(made.headers["location"], cast.people[role])


@scene("POST /v1/client-accounts/{id}/profile-loads", ACCOUNT)
async def load_profile(cast: Cast, role: str) -> Asked:
    path = f"{cast.client.headers['location']}/profile-loads"
    body = {"profile_id": cast.profile.json()["id"]}
    return Asked(path, cast.people[role], body={"json": body})


async def a_contact(cast: Cast) -> str:
    """Where the founder is, as a user of the client."""
    path = cast.client.headers["location"]

    async def users() -> list[Any]:
        found = await cast.do("GET", f"{path}/users", 200, by=cast.manager)
        return list(found.json()["items"])

    # Until the founder's rights there have been heard.
    await until(users, bool)
    return f"{path}/users/{cast.founder.id}"


@scene("GET /v1/client-accounts/{id}/users/{user_id}", ACCOUNT)
async def read_contact(cast: Cast, role: str) -> Asked:
    return Asked(await a_contact(cast), cast.people[role])


@scene("PUT /v1/client-accounts/{id}/users/{user_id}", ACCOUNT)
async def switch_contact(cast: Cast, role: str) -> Asked:
    body = {"permissions": {"support": False}}
    return Asked(await a_contact(cast), cast.people[role], body={"json": body})


@scene("POST /v1/facts", ACCOUNT)
async def tell_fact(cast: Cast, role: str) -> Asked:
    said = {"kind": "invoice", "amount": "12.50", "currency": "EUR", "date": "2026-01-05"}
    fact = {
        "specversion": "1.0",
        "id": "1",
        "source": "/invoices",
        "type": "invoicing.transaction-recorded.v1",
        "data": said | {"client_account": cast.client.json()["id"]},
    }
    headers = {"content-type": "application/cloudevents+json"}
    return Asked("/v1/facts", cast.people[role], body={"json": fact}, headers=headers)


@scene("POST /v1/rattachements", PUBLIC_CARD)
async def request(cast: Cast, role: str) -> Asked:
    structure = await cast.platform.create_structure(cast.founder)
    wanted = {"structure_id": structure.json()["id"], "valid_from": today().isoformat()}
    body = {"json": wanted}
    return Asked("/v1/rattachements", cast.people[role], structure, body)


UNITS = "/v1/structures/{id}/units"
UNIT = f"{UNITS}/{{unit}}"
OF_PUBLIC_CARD = f"of {PUBLIC_CARD}"


@scene(f"GET {UNITS}", "a public structure")
async def list_units_of_a_town(cast: Cast, role: str) -> Asked:
    return Asked(f"/v1/structures/{cast.town_hall}/units", cast.people[role])


@scene(f"GET {UNIT}", "of a public structure")
async def read_default_unit(cast: Cast, role: str) -> Asked:
    unit = unit_id(cast.town_hall, DEFAULT_UNIT)
    return Asked(f"/v1/structures/{cast.town_hall}/units/{unit}", cast.people[role])


def units_of(about: str, of: Callable[[Cast], Response]) -> None:
    @scene(f"GET {UNITS}", about)
    async def listing(cast: Cast, role: str) -> Asked:
        return Asked(f"{of(cast).headers['location']}/units", cast.people[role])

    @scene(f"POST {UNITS}", about)
    async def creating(cast: Cast, role: str) -> Asked:
        path = f"{of(cast).headers['location']}/units"
        return Asked(path, cast.people[role], body={"json": a_unit()})


units_of(PUBLIC_CARD, lambda cast: cast.public)
units_of(HIDDEN_CARD, lambda cast: cast.non_diffusible)
units_of(HIDDEN_CARD, lambda cast: cast.person)


def a_unit() -> dict[str, Any]:
    return {"code": f"U-{next(_turn)}", "name": "Voirie", "valid_from": "2026-01-05"}


def about_a_unit(action: str, then: str = "", **body: Any) -> None:
    @scene(f"{action} {UNIT}{then}", OF_PUBLIC_CARD)
    async def asked(cast: Cast, role: str) -> Asked:
        path = f"{cast.public.headers['location']}/units"
        made = await cast.do("POST", path, 201, by=cast.manager, json=a_unit())
        return Asked(f"{made.headers['location']}{then}", cast.people[role], body=body)


about_a_unit("GET")
about_a_unit("PUT", json={"name": "Routes", "valid_from": "2026-01-05"})
about_a_unit("PUT", "/activation")
about_a_unit("PUT", "/deactivation")
about_a_unit("DELETE")
about_a_unit("GET", "/history")


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
