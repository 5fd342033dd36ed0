"""Apps served by uvicorn: several in one event loop, or one in its own process."""

import asyncio
import importlib
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from deploy.trouble import Trouble

GRACE = 10
"""Seconds that requests under way are given when we stop."""
LONGEST_DRAIN = 30


class Server(uvicorn.Server):
    """One app among several: signals are the business of whoever started them all."""

    def __init__(self, name: str, app: ASGIApp, *, port: int, host: str = "127.0.0.1") -> None:
        super().__init__(config(app, host=host, port=port))
        self.name = name

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def run_until_told(self) -> None:
        try:
            await self.serve()
        except SystemExit as refused:
            raise Trouble(f"{self.name} did not start: its log says why") from refused

    async def stop(self, running: asyncio.Task[None]) -> None:
        self.should_exit = True
        await asyncio.wait((running,), timeout=LONGEST_DRAIN)


def config(app: ASGIApp, *, host: str, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # The gateway alone knows which proxies may be believed.
        backlog=1024,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACE,
    )


def create(service: str) -> FastAPI:
    """What services/<name>/main.py composes, from the settings of the environment."""
    app: FastAPI = importlib.import_module(f"services.{service}.main").create()
    return app


def serve_alone(service: str, *, host: str, port: int) -> None:
    """Run one service until it is told to stop, as its container does."""
    uvicorn.Server(config(create(service), host=host, port=port)).run()
