"""uvicorn --factory services.gateway.main:create"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from http import HTTPStatus
from json import dumps

from fastapi import FastAPI

from kit.mongo import IndexModel
from kit.service import Service
from kit.settings import read
from services.gateway import openapi, ops, reference
from services.gateway.admission import Admission
from services.gateway.domain import Revocation
from services.gateway.gate import Gate
from services.gateway.handlers import handlers
from services.gateway.proxy import Answer, Upstreams
from services.gateway.settings import GatewaySettings
from services.gateway.tokens import Tokens
from services.gateway.views import RevokedSessions


def build(service: Service[GatewaySettings]) -> FastAPI:
    settings = service.settings
    revocations = service.collection(
        "revocations",
        Revocation,
        indexes=[IndexModel("expires_at", expireAfterSeconds=0), IndexModel("heard_at")],
    )
    revoked = RevokedSessions(revocations, settings.rights_max_age)
    upstreams = Upstreams(
        settings.upstreams,
        patience=settings.upstream_patience,
        connections=settings.upstream_connections,
    )
    app = service.app(
        ops.api(ops.Everyone(service, upstreams)), hears=handlers(revocations, revoked)
    )
    app.add_middleware(
        Gate,
        settings=settings,
        admission=Admission(settings, Tokens(settings.access_public_key), revoked, service.heard),
        upstreams=upstreams,
        pages={"/": _welcome, "/openapi.json": _described, "/docs": _readable},
    )
    _close_with(app, upstreams)
    return app


def create() -> FastAPI:
    return build(Service("gateway", read(GatewaySettings)))


def _close_with(app: FastAPI, upstreams: Upstreams) -> None:
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with inner(app):
            yield
        await upstreams.close()

    app.router.lifespan_context = lifespan


@cache
def _welcome() -> Answer:
    return Answer(HTTPStatus.TEMPORARY_REDIRECT, [(b"location", b"/docs")], b"")


@cache
def _described() -> Answer:
    document = openapi.merged(openapi.committed())
    return Answer(200, [(b"content-type", b"application/json")], dumps(document).encode())


@cache
def _readable() -> Answer:
    html = reference.page(openapi.merged(openapi.committed()))
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-security-policy", reference.policy().encode()),
    ]
    return Answer(200, headers, html.encode())
