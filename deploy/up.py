"""Everything on one machine: started in order, watched, and stopped in the reverse order."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Self

import aiohttp

from deploy import installation as installed
from deploy import keys
from deploy.embedded.child import Child
from deploy.installation import Installation
from deploy.serving import Server, create
from deploy.trouble import Trouble
from kit.logs import configure

PATIENCE = 60
"""Seconds the services have to become ready."""


async def up(
    here: Installation, *, each: bool, embedded: bool, demo: bool, say: Callable[[str], None]
) -> None:
    """Run until told to stop. However it ends, what was started is stopped."""
    with installed.alone_on(here.data):
        async with _Platform(here, each=each, embedded=embedded) as platform:
            try:
                await platform.start()
                say(await _welcome(here, embedded=embedded, demo=demo))
                say("ready")
                await platform.until_something_ends()
            except asyncio.CancelledError:
                say("stopping")
                raise


class _Platform:
    def __init__(self, here: Installation, *, each: bool, embedded: bool) -> None:
        self.here, self.each, self.embedded = here, each, embedded
        self._started = AsyncExitStack()
        self._children: list[Child] = []
        self._running: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        running = asyncio.current_task()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._told_to_stop, running)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._started.aclose()

    async def start(self) -> None:
        here, names = self.here, installed.service_names()
        if self.embedded:
            from deploy.embedded import mongod

            # That of a run that was killed still listens on our port.
            await mongod.until_released(here.data)
        installed.make_sure_ports_are_free(installed.ports(here, embedded=self.embedded))
        if "CHORALE_SECRETS" not in os.environ:
            keys.make(here.data / "secrets")
        os.environ.update(here.told_to_services(embedded=self.embedded))
        configure(os.environ.get("CHORALE_LOG_LEVEL", "info"))
        parts = await self._begin_parts() if self.embedded else []
        # While the database and the broker start, the services are read.
        apps = {} if self.each else {name: create(name) for name in names}
        await asyncio.gather(*(part.until_ready() for part in parts))
        for part in parts:
            self._watch(part.keep())
        if self.each:
            await self._serve_each(names)
        else:
            self._serve([Server(name, app, port=here.port_of(name)) for name, app in apps.items()])
        await self._unless_something_ends(
            until_ready({name: here.url_of(name) for name in names}, path="/readyz")
        )

    async def until_something_ends(self) -> None:
        await self._unless_something_ends(asyncio.Event().wait())

    async def _begin_parts(self) -> list[Child]:
        from deploy.embedded import broker, mail, mongod, sirene

        here = self.here
        parts = [mongod.mongod(here.data, here.mongo_port)]
        if not here.kafka:
            parts.append(broker.broker(here.data, here.kafka_port))
        for part in parts:
            await self._spawn(part)
        catcher = await mail.catch(here.mail, here.mail_port)
        self._started.callback(catcher.close)
        self._serve(
            [
                Server("mail page", mail.page(here.mail), port=here.mail_page_port),
                Server("sirene", sirene.app(), port=here.sirene_port),
            ]
        )
        return parts

    async def _serve_each(self, names: Sequence[str]) -> None:
        services = [self._alone(name) for name in names]
        for service in reversed(services):  # The gateway last, so that it is the first to stop.
            await self._spawn(service)
        await asyncio.gather(*(service.until_ready() for service in services))
        for service in services:
            self._watch(service.keep())

    def _alone(self, name: str) -> Child:
        return Child(
            name,
            (sys.executable, "-m", "deploy.cli", "serve", name),
            log_file=self.here.data / "log" / f"{name}.log",
            ready=lambda: until_ready({name: self.here.url_of(name)}, path="/livez"),
        )

    async def _spawn(self, child: Child) -> None:
        self._children.append(child)
        self._started.push_async_callback(child.stop)
        await child.spawn()

    def _serve(self, servers: Sequence[Server]) -> None:
        running = {server: self._watch(server.run_until_told()) for server in servers}

        async def stop() -> None:
            # The first is the gateway: nothing new comes in while the rest drains.
            for group in (servers[:1], servers[1:]):
                await asyncio.gather(*(server.stop(running[server]) for server in group))

        self._started.push_async_callback(stop)

    def _watch(self, doing: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        self._running.append(asyncio.create_task(doing))
        return self._running[-1]

    async def _unless_something_ends(self, waiting: Awaitable[object]) -> None:
        waited = asyncio.ensure_future(waiting)
        try:
            await asyncio.wait((waited, *self._running), return_when=asyncio.FIRST_COMPLETED)
            for ended in self._running:
                if ended.done():
                    await ended
                    raise Trouble("A part of the platform ended by itself: see its log")
            await waited
        finally:
            waited.cancel()

    def _told_to_stop(self, running: "asyncio.Task[object] | None") -> None:
        if running and not running.cancelling():
            running.cancel()
            return
        for child in self._children:  # Told twice: now.
            child.kill()
        os._exit(130)


async def until_ready(urls: Mapping[str, str], *, path: str) -> None:
    """Wait until each answers 200; otherwise say who did not, and what it said last."""
    said = dict.fromkeys(urls, "nothing")
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as client:
        while said:
            for name in list(said):
                try:
                    async with client.get(urls[name] + path) as answer:
                        said[name] = f"{answer.status} {(await answer.text())[:300]}"
                        if answer.status == 200:
                            del said[name]
                except (aiohttp.ClientError, TimeoutError):
                    pass
            if said and loop.time() > end:
                raise Trouble(f"Not ready after {PATIENCE} s: {json.dumps(said)}")
            await asyncio.sleep(0.05 if said else 0)


async def _welcome(here: Installation, *, embedded: bool, demo: bool) -> str:
    lines = [f"Gateway  {here.gateway}  (readable documentation: {here.gateway}/docs)"]
    if embedded:
        lines.append(f"Letters  http://127.0.0.1:{here.mail_page_port}")
    if demo:
        from deploy.demo import PASSWORD, PEOPLE, load

        await load(here.gateway, here.mail)
        lines += ["", f"Demo logins, all with the password {PASSWORD}"]
        lines += [f"  {person.email:<30} {person.who}" for person in PEOPLE]
    return "\n".join(lines)
