"""One spelling for each path, so that the gateway and the services read the same one."""

import re
from http import HTTPStatus
from urllib.parse import quote, unquote_to_bytes

from kit.http import NoSuchPath
from kit.problems import Problem

PATH_LIMIT = 2_000
QUERY_LIMIT = 8_000

_SEGMENTS = re.compile(rb"(?:/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})+)+")
_QUERY = re.compile(rb"[\x21-\x7e]*")
_KEPT = "-._~!$&'()*+,;=:@"


class MalformedPath(Problem):
    """This is not the address of anything: it is malformed."""

    status = HTTPStatus.BAD_REQUEST


class TooLongAddress(Problem):
    """This address is too long."""

    status = HTTPStatus.REQUEST_URI_TOO_LONG


def checked(raw: bytes) -> str:
    """The path as it will be forwarded; what two readers could read differently is refused."""
    if len(raw) > PATH_LIMIT:
        raise TooLongAddress
    if raw == b"/":
        return "/"
    if raw.endswith(b"/") and _SEGMENTS.fullmatch(raw[:-1]):
        raise NoSuchPath
    if not _SEGMENTS.fullmatch(raw):
        raise MalformedPath
    if b"%" not in raw and b"/." not in raw:
        return raw.decode("ascii")
    return "/" + "/".join(_spelled(segment) for segment in raw[1:].split(b"/"))


def _spelled(raw: bytes) -> str:
    try:
        segment = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedPath from None
    if segment in (".", "..") or not segment.isprintable() or re.search(r"[/\\]", segment):
        raise MalformedPath
    return quote(segment, safe=_KEPT)


def checked_query(raw: bytes) -> str:
    """The query as it came: the services read it, the gateway only bounds it."""
    if len(raw) > QUERY_LIMIT:
        raise TooLongAddress
    if not _QUERY.fullmatch(raw):
        raise MalformedPath
    return raw.decode("ascii")
