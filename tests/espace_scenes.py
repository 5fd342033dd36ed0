"""The scenes of espaces and subscriptions: see tests/scenes.py."""

from typing import Any

from tests.habilitation_scenes import delegation, until_attached
from tests.scenes import OWN, Asked, Cast, as_it_is, scene

ESPACES = "/v1/espaces/{structure_id}"
OF_MANAGED = "the manager's structure"
OF_BOTH = f"{OF_MANAGED}, to which self is attached"
OWN_THERE = "one's own in the manager's structure"

as_it_is("GET /v1/espaces")
as_it_is("GET /v1/me/espaces", OWN)
as_it_is("GET /v1/subscriptions", OWN)
as_it_is(
    "PUT /v1/approvals/decisions",
    "those one may decide",
    json={"approval_ids": ["none-there-is"], "verdict": "approved"},
)


def _at(structure: str, action: str) -> str:
    path = action.split(" ")[1]
    return path.replace("{structure_id}", structure).replace("{espace}", "raccordements")


def on_espaces(action: str) -> None:
    def of(name: str) -> Any:
        async def asked(cast: Cast, role: str) -> Asked:
            structure = getattr(cast, name).json()["id"]
            return Asked(_at(structure, action), cast.people[role])

        return asked

    for name in ("public", "non_diffusible"):
        scene(action, OF_BOTH)(of(name))


for one in (
    f"GET {ESPACES}",
    f"PUT {ESPACES}/{{espace}}/opening",
    f"PUT {ESPACES}/{{espace}}/closure",
    f"GET {ESPACES}/{{espace}}/requests",
):
    on_espaces(one)


@scene(f"PUT {ESPACES}/secondary-managers/{{user_id}}", "a structure that self helps to manage")
async def choose(cast: Cast, role: str) -> Asked:
    structure_id = (await delegation(cast)).structure_id
    path = f"/v1/espaces/{structure_id}/secondary-managers/{cast.self.id}"
    return Asked(path, cast.people[role], body={"json": {"acts_as": "manager"}})


def _subscription(structure_id: str, espace: str) -> dict[str, Any]:
    of = {"structure_id": structure_id, "espace": espace}
    return {"subscriptions": [of | {"level": "consultation"}]}


@scene("POST /v1/subscriptions/deletions", OWN_THERE)
async def give_up(cast: Cast, role: str) -> Asked:
    body = {"json": _subscription(cast.public.json()["id"], "mandats-de-facturation")}
    return Asked("/v1/subscriptions/deletions", cast.people[role], body=body)


@scene("POST /v1/subscriptions", OF_MANAGED)
async def subscribe(cast: Cast, role: str) -> Asked:
    by = cast.people[role]
    structure = await cast.platform.create_structure(cast.manager)
    structure_id = structure.json()["id"]
    requested = await cast.platform.request_rattachement(cast.self, structure)
    await cast.platform.decide(cast.manager, requested, verdict="approved")
    await until_attached(cast, cast.self, structure_id)
    given_up = _subscription(structure_id, "signature")
    for one in (cast.self, cast.manager):
        await cast.do("POST", "/v1/subscriptions/deletions", 204, by=one, json=given_up)
    wanted = {"espaces": ["signature"], "units": [{"consultation": True}]}
    body = {"json": wanted | {"structure_id": structure_id}}
    return Asked("/v1/subscriptions", by, body=body)
