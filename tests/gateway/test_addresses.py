"""Only a trusted proxy may say that a request comes from elsewhere."""

from ipaddress import ip_network

import pytest

from services.gateway.addresses import Addresses, rate_name

PROXIES = (ip_network("10.0.0.0/8"),)


def forwarded(said: str) -> dict[bytes, bytes]:
    return {b"x-forwarded-for": said.encode()}


class TestOf:
    def test_is_the_peer_whatever_a_stranger_says(self) -> None:
        assert Addresses(PROXIES).of("192.0.2.1", forwarded("1.2.3.4")) == "192.0.2.1"

    def test_is_the_peer_when_nobody_is_trusted(self) -> None:
        assert Addresses(()).of("127.0.0.1", forwarded("1.2.3.4")) == "127.0.0.1"

    @pytest.mark.parametrize(
        ("said", "address"),
        [
            ("1.2.3.4", "1.2.3.4"),
            ("6.6.6.6, 1.2.3.4", "1.2.3.4"),
            ("6.6.6.6, 1.2.3.4, 10.9.9.9", "1.2.3.4"),
            ("not an address", "10.0.0.1"),
            ("1.2.3.4, not an address", "10.0.0.1"),
            ("", "10.0.0.1"),
        ],
    )
    def test_is_the_last_address_no_trusted_proxy_has(self, said: str, address: str) -> None:
        assert Addresses(PROXIES).of("10.0.0.1", forwarded(said)) == address


class TestRateName:
    def test_counts_a_whole_ipv6_network_as_one(self) -> None:
        assert rate_name("2001:db8:0:1::1") == rate_name("2001:db8:0:1:ffff::2")
        assert rate_name("2001:db8:0:1::1") != rate_name("2001:db8:0:2::1")

    def test_counts_each_ipv4_address_alone_however_it_is_written(self) -> None:
        assert rate_name("::ffff:192.0.2.1") == rate_name("192.0.2.1") != rate_name("192.0.2.2")
