"""Where a request comes from."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from services.gateway.settings import Network


class Addresses:
    """Reads the client's address; only proxies that are trusted may say it is another's."""

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = tuple(trusted)

    def of(self, peer: str, headers: Mapping[bytes, bytes]) -> str:
        if not self._trusted or not within(peer, self._trusted):
            return peer
        # Each proxy adds the address it was called from at the end: what stands further left than
        # the first address not trusted was written by the client.
        for said in reversed(headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")):
            address = said.strip()
            if not _is_address(address):
                break
            peer = address
            if not within(address, self._trusted):
                break
        return peer


@lru_cache(4096)
def within(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        return any(ip_address(address) in network for network in networks)
    except ValueError:
        return False


@lru_cache(4096)
def rate_name(address: str) -> str:
    """An IPv6 customer has a whole /64 to choose addresses from: it counts as one."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped or ip.exploded[:19])
    return address


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
