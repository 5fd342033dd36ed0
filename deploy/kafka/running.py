"""``chorale kafka``: brokers in the foreground, started again when they die."""

import asyncio
from collections.abc import Callable

from deploy.installation import Installation, make_sure_ports_are_free
from deploy.kafka import cluster
from kit.logs import configure


async def run(here: Installation, *, brokers: int, say: Callable[[str], None]) -> None:
    """Run until told to stop; each broker listens on two ports from kafka_port on."""
    ports = [here.kafka_port + n for n in range(cluster.PORTS_OF_ONE * brokers)]
    make_sure_ports_are_free({f"CHORALE_KAFKA_PORT (+{n})": p for n, p in enumerate(ports)})
    configure("warning")
    children = await asyncio.to_thread(cluster.brokers, here.data, ports)
    try:
        for child in children:
            await child.spawn()
        await asyncio.gather(*(child.until_ready() for child in children))
        say(f"CHORALE_KAFKA={','.join(cluster.addresses(ports))}")
        say("ready")
        await asyncio.gather(*(child.keep() for child in children))
    finally:  # Together: a broker leaves in order only while most of the others are there.
        await asyncio.gather(*(child.stop() for child in children))
