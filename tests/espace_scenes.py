"""The scenes of espaces and subscriptions: see tests/scenes.py."""

from typing import Any

from tests.platform import until
from tests.scenes import HIDDEN_CARD, OWN, PUBLIC_CARD, Asked, Cast, as_it_is, scene

ESPACES = "/v1/espaces/{structure_id}"
OF_MANAGED = "the manager's structure"
OWN_THERE = "one's own in the manager's structure"
_delegating: dict[str, str] = {}
"""By the cast's first structure: another, whose management is delegated to self."""

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
    return path.replace("{structure_id}", structure).replace("{espace}", "engagements")


def on_espaces(action: str) -> None:
    def of(name: str) -> Any:
        async def asked(cast: Cast, role: str) -> Asked:
            structure = getattr(cast, name).json()["id"]
            return Asked(_at(structure, action), cast.people[role])

        return asked

    scene(action, PUBLIC_CARD)(of("public"))
    for name in ("non_diffusible", "person"):
        scene(action, HIDDEN_CARD)(of(name))


for one in (
    f"GET {ESPACES}",
    f"PUT {ESPACES}/{{espace}}/opening",
    f"PUT {ESPACES}/{{espace}}/closure",
    f"GET {ESPACES}/{{espace}}/requests",
):
    on_espaces(one)


@scene(f"PUT {ESPACES}/secondary-managers/{{user_id}}", "a structure that self helps to manage")
async def choose(cast: Cast, role: str) -> Asked:
    first = cast.public.json()["id"]
    structure = _delegating.get(first) or await _delegated(cast)
    _delegating[first] = structure
    path = f"/v1/espaces/{structure}/secondary-managers/{cast.self.id}"
    return Asked(path, cast.people[role], body={"json": {"acts_as": "manager"}})


async def _delegated(cast: Cast) -> str:
    structure = await cast.platform.create_structure(cast.manager)
    asked = await cast.platform.request_rattachement(cast.self, structure)
    await cast.platform.decide(cast.manager, asked, verdict="approved")
    id = str(structure.json()["id"])
    given = {"application": "organisation", "level": "modification"}
    draft = {"operations": [{"operation": "add", "profile": given}]}
    path = f"/v1/habilitations/{id}/{cast.self.id}"

    async def attached() -> int:
        return (await cast.platform.ask("GET", path, by=cast.manager)).status_code

    await until(attached, lambda status: status == 200)
    await cast.do("POST", f"{path}/submissions", 200, by=cast.manager, json=draft)
    return id


def _subscription(cast: Cast, espace: str) -> dict[str, Any]:
    of = {"structure_id": cast.public.json()["id"], "espace": espace}
    return {"subscriptions": [of | {"level": "consultation"}]}


@scene("POST /v1/subscriptions/deletions", OWN_THERE)
async def give_up(cast: Cast, role: str) -> Asked:
    body = {"json": _subscription(cast, "mandats-de-facturation")}
    return Asked("/v1/subscriptions/deletions", cast.people[role], body=body)


@scene("POST /v1/subscriptions", OF_MANAGED)
async def subscribe(cast: Cast, role: str) -> Asked:
    by = cast.people[role]
    if role in ("self", "manager"):
        given_up = _subscription(cast, "signature")
        await cast.do("POST", "/v1/subscriptions/deletions", 204, by=by, json=given_up)
    wanted = {"espaces": ["signature"], "units": [{"consultation": True}]}
    body = {"json": wanted | {"structure_id": cast.public.json()["id"]}}
    return Asked("/v1/subscriptions", by, body=body)
