"""What files may be: by their name, by what is said of them, and by their bytes. Pure."""

import re
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from kit.problems import Invalid, Problem

DESIGNATION_MOST = 50
_TEXT_MOST: Final = 64_000
_FORBIDDEN: Final = re.compile(r'[\\/:*?"<>|]')
_BINARY: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")

Fits = Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class Format:
    """``media_types``: the first is what we say; the others are what people's programs say."""

    media_types: tuple[str, ...]
    fits: Fits


@dataclass(frozen=True, slots=True)
class Described:
    """A file whose name, declared type and bytes agree."""

    designation: str
    extension: str
    size: int


class InvalidFileName(Invalid):
    """This is not a name for a file."""


class ExtensionNotAllowed(Invalid):
    """Files with this extension are not taken here."""


class MediaTypeContradicted(Invalid):
    """The declared type is not one of files with this extension."""


class ContentContradicted(Invalid):
    """This file is not what its name says."""


class EmptyFile(Invalid):
    """This file is empty."""


class FileTooLarge(Problem):
    """This file is larger than may be kept here."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def describe(
    name: str,
    *,
    declared: str,
    content: bytes,
    allowed: Collection[str],
    most: int | None = None,
) -> Described:
    """``name`` as people write it, with its extension; ``declared``: the Content-Type."""
    if most is not None and len(content) > most:
        raise FileTooLarge(limit=most)
    written, _, extension = name.strip().rpartition(".")
    designation, extension = designated(written, field="query/name"), extension.lower()
    if extension not in allowed:
        raise ExtensionNotAllowed(f"Taken are {', '.join(sorted(allowed))}.", field="query/name")
    format = FORMATS[extension]
    if declared.partition(";")[0].strip().lower() not in format.media_types:
        raise MediaTypeContradicted(
            f"For this extension: {', '.join(format.media_types)}.", field="header/content-type"
        )
    if not content:
        raise EmptyFile(field="body")
    if not format.fits(content):
        raise ContentContradicted(f"These bytes are no {extension}.", field="body")
    return Described(designation, extension, len(content))


def designated(written: str, *, field: str) -> str:
    """The name of a file, without its extension, as it is kept."""
    designation = unicodedata.normalize("NFC", written.strip()).rstrip(" .")
    if not designation or designation.startswith("."):
        raise InvalidFileName("A name and an extension: rib.pdf", field=field)
    if len(designation) > DESIGNATION_MOST:
        raise InvalidFileName(
            f"At most {DESIGNATION_MOST} characters before the extension.", field=field
        )
    if _FORBIDDEN.search(designation) or not designation.isprintable():
        raise InvalidFileName(
            'Not one of \\ / : * ? " < > |, and all of it printable.', field=field
        )
    return designation


def _begins(*signatures: bytes) -> Fits:
    return lambda content: content.startswith(signatures)


def _office_open(part: bytes) -> Fits:
    """A zip that says inside what it is: Word, Excel and PowerPoint differ by a folder's name."""
    return lambda content: (
        content.startswith(b"PK\x03\x04") and b"[Content_Types].xml" in content and part in content
    )


def _open_document(kind: str) -> Fits:
    # The format wants this entry first, and not compressed.
    says = b"mimetype" + f"application/vnd.oasis.opendocument.{kind}".encode()
    return lambda content: content.startswith(b"PK\x03\x04") and content[30:].startswith(says)


def _text(content: bytes) -> bool:
    return not _BINARY.search(content[:_TEXT_MOST]) and b"\0" not in content


def _xml(content: bytes) -> bool:
    return _text(content) and content.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


_ZIP = ("application/zip", "application/x-zip-compressed")
_OPENXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
_EXCEL = "application/vnd.ms-excel"
_OLE = _begins(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
_JPEG = Format(("image/jpeg", "image/jpg", "image/pjpeg"), _begins(b"\xff\xd8\xff"))
_TIFF = Format(("image/tiff",), _begins(b"II*\0", b"MM\0*"))

IMAGES: Final[dict[str, Format]] = {
    "bmp": Format(("image/bmp", "image/x-ms-bmp"), _begins(b"BM")),
    "gif": Format(("image/gif",), _begins(b"GIF87a", b"GIF89a")),
    "jpeg": _JPEG,
    "jpg": _JPEG,
    "png": Format(("image/png",), _begins(b"\x89PNG\r\n\x1a\n")),
    "tif": _TIFF,
    "tiff": _TIFF,
}
FORMATS: Final[dict[str, Format]] = IMAGES | {
    "csv": Format(("text/csv", "application/csv", "text/plain", _EXCEL), _text),
    "doc": Format(("application/msword",), _OLE),
    "docx": Format((_OPENXML + "wordprocessingml.document",), _office_open(b"word/")),
    "odp": Format((_ODF + "presentation",), _open_document("presentation")),
    "ods": Format((_ODF + "spreadsheet",), _open_document("spreadsheet")),
    "odt": Format((_ODF + "text",), _open_document("text")),
    "pdf": Format(("application/pdf",), _begins(b"%PDF-")),
    "ppt": Format(("application/vnd.ms-powerpoint",), _OLE),
    "pptx": Format((_OPENXML + "presentationml.presentation",), _office_open(b"ppt/")),
    "rtf": Format(("application/rtf", "text/rtf"), _begins(b"{\\rtf")),
    "txt": Format(("text/plain",), _text),
    "xls": Format((_EXCEL,), _OLE),
    "xlsx": Format((_OPENXML + "spreadsheetml.sheet",), _office_open(b"xl/")),
    "xml": Format(("application/xml", "text/xml"), _xml),
    "zip": Format(_ZIP, _begins(b"PK\x03\x04")),
}
"""Nothing that a browser runs (html, svg, xsl), and no archive but zip."""
