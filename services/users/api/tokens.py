"""OAuth 2 client credentials (RFC 6749, section 4.4): its form in, its errors out."""

from base64 import b64decode
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from kit.clock import now
from kit.collection import Collection
from kit.http import Anyone
from services.users.domain import clients as domain
from services.users.domain.clients import SCOPES, Client
from services.users.settings import UsersSettings
from services.users.tokens import Signer

FORM = "application/x-www-form-urlencoded"
NOT_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}
LONGEST = 2000
BASIC = "x-client-authorization"
"""Where the gateway puts a client's own Authorization: that header holds the gateway's word."""


class Token(BaseModel):
    access_token: str
    token_type: str = "Bearer"  # noqa: S105  # no secret
    expires_in: int
    scope: str


class Refused(BaseModel):
    error: str
    error_description: str


class Refusal(Exception):
    """An error in the words of RFC 6749, section 5.2."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error


def token_routes(clients: Collection[Client], signer: Signer, settings: UsersSettings) -> APIRouter:
    routes = APIRouter(prefix="/v1/tokens", tags=["clients"])

    async def issue(request: Request) -> Token:
        form = await _form(request)
        if form.get("grant_type") != "client_credentials":
            raise Refusal(
                "unsupported_grant_type" if form.get("grant_type") else "invalid_request",
                "grant_type is client_credentials",
            )
        client_id, secret = _credentials(request, form)
        client = await clients.find(client_id) if client_id else None
        if client is None or not domain.proves(client, secret, now=now()):
            raise Refusal("invalid_client", "The client is unknown or its secret is wrong")
        scopes = domain.granted(client, form.get("scope", ""))
        if scopes is None:
            raise Refusal("invalid_scope", f"This client may ask for: {' '.join(client.scopes)}")
        at, scope = now(), " ".join(scopes)
        claims = {
            "sub": f"client:{client.id}",
            "client_id": client.id,
            "scope": scope,
            "structures": list(client.structures),
        }
        return Token(
            access_token=signer.access_token(claims, now=at, until=at + settings.client_access_for),
            expires_in=int(settings.client_access_for.total_seconds()),
            scope=scope,
        )

    @routes.post(
        "",
        response_model=Token,
        responses={400: {"model": Refused}, 401: {"model": Refused}},
        openapi_extra=_REQUEST_BODY,
    )
    async def get_token(request: Request, caller: Anyone) -> JSONResponse:
        """An access token for another system, by client credentials in the form or HTTP Basic."""
        try:
            token = await issue(request)
        except Refusal as refusal:
            return _refused(request, refusal)
        return JSONResponse(token.model_dump(), headers=NOT_KEPT)

    return routes


async def _form(request: Request) -> dict[str, str]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise Refusal("invalid_request", f"The body is {FORM}")
    try:
        fields = parse_qsl(
            (await request.body()).decode(), True, errors="strict", max_num_fields=20
        )
    except ValueError:
        raise Refusal("invalid_request", "The form cannot be read") from None
    form = dict(fields)
    if len(form) != len(fields):
        raise Refusal("invalid_request", "A field is given twice")
    if any(len(value) > LONGEST for value in form.values()):
        raise Refusal("invalid_request", "A field is too long")
    return form


def _credentials(request: Request, form: dict[str, str]) -> tuple[str, str]:
    kind, _, basic = request.headers.get(BASIC, "").partition(" ")
    if kind.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    if "client_secret" in form:
        raise Refusal("invalid_request", "The client proves itself in one way only")
    try:
        client_id, _, secret = b64decode(basic, validate=True).decode().partition(":")
    except ValueError:
        raise Refusal("invalid_client", "The Authorization header cannot be read") from None
    return unquote_plus(client_id), unquote_plus(secret)


def _refused(request: Request, refusal: Refusal) -> JSONResponse:
    unproved = refusal.error == "invalid_client"
    headers = NOT_KEPT | ({"WWW-Authenticate": 'Basic realm="chorale"'} if unproved else {})
    body = Refused(error=refusal.error, error_description=str(refusal)).model_dump()
    status = HTTPStatus.UNAUTHORIZED if unproved else HTTPStatus.BAD_REQUEST
    return JSONResponse(body, status, headers)


_FIELD = {"type": "string", "maxLength": LONGEST}
_REQUEST_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": {"const": "client_credentials"},
                        "client_id": _FIELD,
                        "client_secret": _FIELD,
                        "scope": _FIELD | {"description": f"Among: {' '.join(SCOPES)}"},
                    },
                }
            }
        },
    }
}
