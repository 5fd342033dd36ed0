"""Management over HTTP, as its tests ask for it."""

from typing import Any

from httpx import Response

from contracts.notifications import VacancyNoticeHandedOver
from contracts.users import CLAIM_DIGITS
from kit.clock import now
from kit.internal import Caller
from kit.links import code_of
from tests.users.hall import LEA, OMAR, Hall
from tests.users.house import KNOWN
from tests.users.managing import a_tie

TRANSFERS, CLAIMS = "/v1/management-transfers", "/v1/vacancy-claims"
DESK = Caller(user_id="u-desk", operator=True)
LEFT = "/v1/me/deactivation"
REASON = "Délibération du 12 mai"


async def attached(hall: Hall, user: str = "u-lea", *structures: str) -> None:
    await hall.keep(*(a_tie(user, one) for one in structures or ("s-bakery",)))


async def transfer(hall: Hall, caller: Caller = OMAR, **but: Any) -> Response:
    body = {"type": "unitary", "structure_ids": ["s-bakery"], "user_id": "u-lea"} | but
    return await hall.call("POST", TRANSFERS, caller, json=body)


async def manager(hall: Hall, structure: str = "s-bakery") -> str | None:
    found = await hall.membership.management.find(structure)
    return found.principal_manager_id if found else None


async def claim(hall: Hall, caller: Caller = LEA, **but: Any) -> Response:
    body = {"structure_id": "s-mill", "proof": "code"} | but
    return await hall.call("POST", CLAIMS, caller, json=body)


async def prove(hall: Hall, id: str, *, wrong: bool = False, caller: Caller = LEA) -> Response:
    found, key = await hall.membership.claims.get(id), hall.service.settings.link_key
    code = code_of(key.get_secret_value(), user_id=id, nonce=found.nonce, digits=CLAIM_DIGITS)
    code = f"{(int(code) + wrong) % 10**CLAIM_DIGITS:0{CLAIM_DIGITS}}"
    return await hall.call("PUT", f"{CLAIMS}/{id}/proof", caller, json={"code": code})


async def notified(hall: Hall, id: str) -> None:
    """The manager has had the notice of a claim."""
    told = {"letter_id": "l", "claim_id": id, "manager_id": "u-zoe", "handed_over_at": now()}
    await hall.hear(VacancyNoticeHandedOver(**told))


async def leave(hall: Hall, caller: Caller = OMAR, **but: Any) -> Response:
    return await hall.call("PUT", LEFT, caller, json=KNOWN | {"confirmed": True} | but)
