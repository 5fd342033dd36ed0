"""The scenes of letters: as operators and their readers see them, and how they are stopped."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

from deploy.embedded.mail import REFUSED
from kit.clock import now
from kit.links import sign_link
from tests.platform import PASSWORD, an_address, until
from tests.scenes import OWN, Asked, Cast, as_it_is, scene

LETTERS, ALL_LETTERS = "/v1/me/letters", "/v1/ops/letters"
ADDRESSES = "/v1/ops/suppressed-addresses"
TEMPLATES = "/v1/ops/letter-templates"
STOPPING = "/v1/unsubscriptions"

as_it_is(f"GET {ADDRESSES}")
as_it_is(f"GET {ADDRESSES}/count")
as_it_is(f"GET {TEMPLATES}")
as_it_is(f"GET {LETTERS}", OWN)
# Before there was any: what others have given up is not touched.
as_it_is(f"POST {ALL_LETTERS}/retries", query="?created_until=2000-01-01")


@scene(f"GET {TEMPLATES}/{{template}}/preview")
async def preview_a_letter(cast: Cast, role: str) -> Asked:
    return Asked(f"{TEMPLATES}/activation/preview?language=en", cast.people[role])


async def a_refused_address(cast: Cast) -> dict[str, str]:
    """Of a letter that was given up."""
    email = an_address("refused").replace("@example.org", REFUSED)
    asked = {"email": email, "first_name": "Nina", "last_name": "Roux", "password": PASSWORD}
    before = await refused_addresses(cast)
    if before:
        return before[0]
    await cast.do("POST", "/v1/accounts", 202, json=asked)
    return (await until(lambda: refused_addresses(cast), bool))[0]


async def refused_addresses(cast: Cast) -> list[dict[str, str]]:
    listed = await cast.do("GET", ADDRESSES, 200, by=cast.operator)
    return list(listed.json()["items"])


@scene(f"DELETE {ADDRESSES}/{{id}}")
async def restore_an_address(cast: Cast, role: str) -> Asked:
    refused = await a_refused_address(cast)
    return Asked(f"{ADDRESSES}/{refused['id']}", cast.people[role])


@scene(f"GET {ALL_LETTERS}/{{id}}")
async def read_a_letter(cast: Cast, role: str) -> Asked:
    refused = await a_refused_address(cast)
    return Asked(f"{ALL_LETTERS}/{refused['letter_id']}", cast.people[role])


@scene(f"POST {ALL_LETTERS}/{{id}}/retry")
async def send_a_letter_again(cast: Cast, role: str) -> Asked:
    refused = await a_refused_address(cast)
    return Asked(f"{ALL_LETTERS}/{refused['letter_id']}/retry", cast.people[role])


@scene("POST /v1/facts/deliveries", "a letter that came back")
async def tell_of_a_letter_that_came_back(cast: Cast, role: str) -> Asked:
    letter = cast.platform.letters(cast.forgetful.email)[0]
    fact = {
        "specversion": "1.0",
        "id": "1",
        "source": "/mail",
        "type": "mail.delivery-failed.v1",
        "data": {"message_id": str(letter["Message-ID"]), "status": "5.2.2"},
    }
    headers = {"content-type": "application/cloudevents+json"}
    return Asked("/v1/facts/deliveries", cast.people[role], body={"json": fact}, headers=headers)


def a_stopping_link(cast: Cast) -> str:
    key = (cast.platform.data / "secrets" / "chorale_link_key").read_text()
    token = sign_link(
        key,
        purpose="unsubscription",
        user_id=cast.forgetful.id,
        nonce=":n-1",
        expires_at=now() + timedelta(hours=1),
    )
    return f"{STOPPING}?token={token}"


@scene(f"GET {STOPPING}")
async def see_what_a_link_stops(cast: Cast, role: str) -> Asked:
    return Asked(a_stopping_link(cast), cast.people[role])


@scene(f"POST {STOPPING}")
async def stop_letters(cast: Cast, role: str) -> Asked:
    body = {"data": {"List-Unsubscribe": "One-Click"}}
    return Asked(a_stopping_link(cast), cast.people[role], body=body)


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


@scene("POST /v1/facts/documents", "an invoice of the manager's structure")
async def tell_whom_an_invoice_was_sent_to(cast: Cast, role: str) -> Asked:
    both = dict.fromkeys(("sender", "recipient"), cast.public.json()["id"])
    fact = {
        "specversion": "1.0",
        "id": "1",
        "source": "/invoices",
        "type": "invoicing.document-sent.v1",
        "data": both | {"kind": "invoice", "number": "F-1"},
    }
    headers = {"content-type": "application/cloudevents+json"}
    return Asked("/v1/facts/documents", cast.people[role], body={"json": fact}, headers=headers)
