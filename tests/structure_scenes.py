"""The scenes of structures and their units: see tests/scenes.py."""

from collections.abc import Callable
from itertools import count
from typing import Any

from httpx import Response

from contracts.structures import DEFAULT_UNIT
from services.structures.domain.units import unit_id
from tests.scenes import HIDDEN_CARD, MANAGED, PUBLIC_CARD, Asked, Cast, Scene, scene
from tests.sirets import a_siret

_turn = count(1)


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
