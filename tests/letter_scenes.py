"""The scenes of letters, as operators and their readers see them: see tests/scenes.py."""

from typing import Any
from urllib.parse import quote

from tests.platform import until
from tests.scenes import OWN, Asked, Cast, as_it_is, scene

TEMPLATES = "/v1/ops/letter-templates"

as_it_is(f"GET {TEMPLATES}")


@scene(f"GET {TEMPLATES}/{{template}}/preview")
async def preview_a_letter(cast: Cast, role: str) -> Asked:
    return Asked(f"{TEMPLATES}/activation/preview?language=en", cast.people[role])


LETTERS = "/v1/me/letters"
as_it_is(f"GET {LETTERS}", OWN)


@scene(f"PUT {LETTERS}/{{id}}/reading", "self's letter")
async def mark_a_letter(cast: Cast, role: str) -> Asked:
    async def found() -> list[Any]:
        return list((await cast.do("GET", LETTERS, 200, by=cast.self)).json()["items"])

    # Each of self's requests was approved, and led to a letter.
    letter = (await until(found, bool))[0]
    path = f"{LETTERS}/{quote(letter['id'])}/reading"
    return Asked(path, cast.people[role], body={"json": {"read": True}})


@scene("POST /v1/facts/invoices", "an invoice of the manager's structure")
async def tell_of_an_invoice(cast: Cast, role: str) -> Asked:
    invoice = {"structure": cast.public.json()["id"], "application": "factures-emises"}
    fact = {
        "specversion": "1.0",
        "id": "1",
        "source": "/invoices",
        "type": "invoicing.invoice-status-changed.v1",
        "data": invoice | {"invoice": "F-1", "status": "Mise en paiement"},
    }
    headers = {"content-type": "application/cloudevents+json"}
    return Asked("/v1/facts/invoices", cast.people[role], body={"json": fact}, headers=headers)
