"""A path has one spelling, the same for the gateway and for the services."""

import pytest

from kit.http import NoSuchPath
from services.gateway.paths import (
    PATH_LIMIT,
    QUERY_LIMIT,
    MalformedPath,
    TooLongAddress,
    checked,
    checked_query,
)


class TestChecked:
    def test_keeps_a_plain_path(self) -> None:
        assert checked(b"/v1/structures/a:b_c~1.2") == "/v1/structures/a:b_c~1.2"

    def test_spells_the_same_path_the_same_way(self) -> None:
        assert checked(b"/v1/%61ccounts/caf%c3%a9") == "/v1/accounts/caf%C3%A9"

    @pytest.mark.parametrize(
        "path",
        [
            b"/v1/accounts/../clients",
            b"/v1/accounts/./me",
            b"/v1/accounts/%2e%2E/clients",
            b"/v1/accounts/.%2e",
            b"/v1/accounts%2fme",
            b"/v1/accounts%5Cme",
            b"/v1/accounts/%00",
            b"/v1/accounts/%0d%0aX:1",
            b"/v1/accounts/%7f",
            b"/v1/accounts/%ff",
            b"/v1/accounts/%c0%ae%c0%ae",
            b"/v1/accounts/%ed%a0%80",
            b"/v1/accounts/%e2%80%ae",
            b"/v1/accounts/%zz",
            b"/v1/accounts/%4",
            b"/v1//accounts",
            b"v1/accounts",
            b"*",
            b"",
            b"/v1/acc\xffounts",
            b"/v1/acc ounts",
        ],
    )
    def test_refuses_what_two_readers_could_read_differently(self, path: bytes) -> None:
        with pytest.raises(MalformedPath):
            checked(path)

    def test_knows_nothing_behind_a_last_slash(self) -> None:
        with pytest.raises(NoSuchPath):
            checked(b"/v1/accounts/")

    def test_is_bounded(self) -> None:
        with pytest.raises(TooLongAddress):
            checked(b"/" + b"a" * PATH_LIMIT)


class TestCheckedQuery:
    def test_keeps_it_as_it_came(self) -> None:
        assert checked_query(b"q=%2Amenuiserie%2a&q=%zz") == "q=%2Amenuiserie%2a&q=%zz"

    @pytest.mark.parametrize("query", [b"q=\xff", b"q= x", b"q=\x00"])
    def test_refuses_bytes_no_address_has(self, query: bytes) -> None:
        with pytest.raises(MalformedPath):
            checked_query(query)

    def test_knows_nothing_behind_a_last_slash(self) -> None:
        with pytest.raises(NoSuchPath):
            checked(b"/v1/accounts/")

    def test_is_bounded(self) -> None:
        with pytest.raises(TooLongAddress):
            checked_query(b"q" * (QUERY_LIMIT + 1))
