"""What the actions on habilitations are done to; the limits of a delegation are rows of the law."""

from dataclasses import dataclass
from typing import Any

from httpx import Response

from tests.platform import User, until
from tests.scenes import Asked, Cast, as_it_is, scene

OF_USER = "/v1/habilitations/{structure_id}/{user_id}"
SUBMIT = f"POST {OF_USER}/submissions"
OWN = "/v1/habilitation-requests"
SELF = "self's in the manager's structure"

REMOVE_ALL = {"operation": "remove-all"}


def add(application: str, level: str) -> dict[str, Any]:
    return {"operation": "add", "profile": {"application": application, "level": level}}


DELEGATION, HELD = add("organisation", "modification"), add("engagements", "consultation")
LACKED = add("signature", "modification")


@dataclass(frozen=True, slots=True)
class Delegation:
    """A structure of the manager's, in which self holds Organisation modification, and little else."""

    structure_id: str
    request: Response
    """Self asks for what they lack."""

    def of(self, user: User, then: str = "") -> str:
        return f"/v1/habilitations/{self.structure_id}/{user.id}{then}"


_made: dict[int, Delegation] = {}


async def delegation(cast: Cast) -> Delegation:
    if id(cast) not in _made:
        _made[id(cast)] = await _delegated(cast)
    return _made[id(cast)]


async def _delegated(cast: Cast) -> Delegation:
    structure = await cast.platform.create_structure(cast.manager)
    made = structure.json()["id"]
    for user in (cast.self, cast.founder):
        asked = await cast.platform.request_rattachement(user, structure)
        await cast.platform.decide(cast.manager, asked, verdict="approved")
        await until_attached(cast, user, made)
    path = f"/v1/habilitations/{made}/{cast.self.id}/submissions"
    await submit(cast, path, REMOVE_ALL, DELEGATION, HELD)
    body = {"structure_id": made, "operations": [LACKED]}
    request = await cast.do("POST", OWN, 202, by=cast.self, json=body)
    return Delegation(made, request)


async def until_attached(cast: Cast, user: User, structure_id: str) -> None:
    async def look() -> bool:
        path = f"/v1/habilitations/{structure_id}/{user.id}"
        return (await cast.platform.ask("GET", path, by=user)).status_code == 200

    await until(look, bool)


async def submit(cast: Cast, path: str, *operations: dict[str, Any]) -> None:
    body = {"operations": operations}
    await cast.do("POST", path, 200, by=cast.manager, json=body)


as_it_is("GET /v1/applications")
as_it_is(f"GET {OWN}", "one's own")


@scene(f"GET {OF_USER}", SELF)
async def read(cast: Cast, role: str) -> Asked:
    return Asked(_in_public(cast), cast.people[role])


@scene(f"GET {OF_USER}/history", SELF)
async def history(cast: Cast, role: str) -> Asked:
    return Asked(f"{_in_public(cast)}/history", cast.people[role])


@scene(SUBMIT, SELF)
async def submit_draft(cast: Cast, role: str) -> Asked:
    row = {"operation": "remove", "row": HELD["profile"]}
    body = {"json": {"operations": [row, HELD]}}
    return Asked(f"{_in_public(cast)}/submissions", cast.people[role], body=body)


@scene(SUBMIT, "self's, to whom the manager has delegated")
async def submit_own(cast: Cast, role: str) -> Asked:
    made = await delegation(cast)
    body = {"json": {"operations": [REMOVE_ALL, DELEGATION, HELD]}}
    return Asked(made.of(cast.self, "/submissions"), cast.people[role], body=body)


@scene(SUBMIT, "the principal manager's, self having Organisation modification")
async def submit_upwards(cast: Cast, role: str) -> Asked:
    made = await delegation(cast)
    body = {"json": {"operations": [REMOVE_ALL]}}
    return Asked(made.of(cast.manager, "/submissions"), cast.people[role], body=body)


def to_another(about: str, *operations: dict[str, Any]) -> None:
    @scene(SUBMIT, about)
    async def submitting(cast: Cast, role: str) -> Asked:
        made = await delegation(cast)
        path = made.of(cast.founder, "/submissions")
        await submit(cast, path, REMOVE_ALL)
        return Asked(path, cast.people[role], body={"json": {"operations": operations}})


to_another("another user's, self having Organisation modification and the profile", HELD)
to_another("another user's, self having Organisation modification without the profile", LACKED)


@scene(f"PUT {OF_USER}/approving", "another user's, self having Organisation modification")
async def let_approve(cast: Cast, role: str) -> Asked:
    made = await delegation(cast)
    body = {"json": {"may_approve": False}}
    return Asked(made.of(cast.founder, "/approving"), cast.people[role], body=body)


@scene(f"POST {OWN}", "for the manager's structure")
async def request(cast: Cast, role: str) -> Asked:
    row = {"application": "raccordements", "level": "consultation"}
    operations = [{"operation": "remove", "row": row}]
    body = {"structure_id": cast.public.json()["id"], "operations": operations}
    return Asked(OWN, cast.people[role], body={"json": body})


@scene(f"GET {OWN}/{{id}}", "self's request")
async def read_request(cast: Cast, role: str) -> Asked:
    made = await delegation(cast)
    return Asked(f"{OWN}/{made.request.json()['id']}", cast.people[role])


def _in_public(cast: Cast) -> str:
    return f"/v1/habilitations/{cast.public.json()['id']}/{cast.self.id}"


@scene("POST /v1/rights-checks", SELF)
async def check_rights(cast: Cast, role: str) -> Asked:
    check = {
        "user_id": cast.self.id,
        "structure_id": cast.public.json()["id"],
        "application": "engagements",
        "level": "consultation",
    }
    return Asked("/v1/rights-checks", cast.people[role], body={"json": {"checks": [check]}})
