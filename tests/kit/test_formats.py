"""What files may be, by name, declared type and bytes."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as some

from kit.formats import (
    FORMATS,
    ContentContradicted,
    Described,
    EmptyFile,
    ExtensionNotAllowed,
    InvalidFileName,
    MediaTypeContradicted,
    describe,
)
from kit.problems import Problem


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            kind = name.partition("=")[2]
            archive.writestr(name.partition("=")[0], kind or "x")
    return out.getvalue()


def odf(kind: str) -> bytes:
    return zipped(f"mimetype=application/vnd.oasis.opendocument.{kind}", "content.xml")


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(20)
SAMPLES = {
    "bmp": b"BM6\0",
    "csv": "nom;ville\nLéa;Nîmes\n".encode(),
    "doc": OLE,
    "docx": zipped("[Content_Types].xml", "word/document.xml"),
    "gif": b"GIF89a\1\0",
    "jpeg": b"\xff\xd8\xff\xe0",
    "jpg": b"\xff\xd8\xff\xe1",
    "odp": odf("presentation"),
    "ods": odf("spreadsheet"),
    "odt": odf("text"),
    "pdf": b"%PDF-1.4\n",
    "png": b"\x89PNG\r\n\x1a\n\0",
    "ppt": OLE,
    "pptx": zipped("[Content_Types].xml", "ppt/presentation.xml"),
    "rtf": b"{\\rtf1 ok}",
    "tif": b"II*\0",
    "tiff": b"MM\0*",
    "txt": "Déjà vu".encode("latin-1"),
    "xls": OLE,
    "xlsx": zipped("[Content_Types].xml", "xl/workbook.xml"),
    "xml": b"\xef\xbb\xbf <?xml version='1.0'?><a/>",
    "zip": zipped("a.txt"),
}
PROGRAM = b"MZ\x90\0\3\0"


def described(name: str, content: bytes = SAMPLES["pdf"], declared: str = "") -> Described:
    known = FORMATS.get(name.strip().rpartition(".")[2].lower())
    declared = declared or (known.media_types[0] if known else "application/x")
    return describe(name, declared=declared, content=content, allowed=FORMATS)


def pointer(problem: Problem) -> str:
    [error] = problem.members["errors"]
    return str(error["pointer"])


class TestContent:
    def test_is_known_for_every_extension(self):
        assert SAMPLES.keys() == FORMATS.keys()

    @pytest.mark.feature("PJS-05")
    @pytest.mark.parametrize("extension", sorted(FORMATS))
    def test_is_what_its_extension_says(self, extension: str):
        assert described(f"a.{extension}", SAMPLES[extension]).extension == extension

    @pytest.mark.feature("PJS-05")
    @pytest.mark.parametrize("extension", sorted(FORMATS))
    def test_is_refused_when_it_is_a_program(self, extension: str):
        with pytest.raises(ContentContradicted) as it:
            described(f"a.{extension}", PROGRAM)
        assert pointer(it.value) == "/body"

    @pytest.mark.parametrize(
        ("name", "other"),
        [("a.docx", "xlsx"), ("a.odt", "ods"), ("a.docx", "zip"), ("a.xml", "csv")],
    )
    def test_is_refused_when_it_is_another_kind(self, name: str, other: str):
        with pytest.raises(ContentContradicted):
            described(name, SAMPLES[other])

    def test_is_refused_when_there_is_none(self):
        with pytest.raises(EmptyFile) as it:
            described("a.pdf", b"")
        assert pointer(it.value) == "/body"


class TestName:
    def test_keeps_spaces_accents_and_dots(self):
        known = described(" Carte grise n\u00b01 - Cle\u0301o v1.2.Pdf ")
        assert known.designation == "Carte grise n\u00b01 - Cl\u00e9o v1.2"
        assert known.extension == "pdf"

    @pytest.mark.feature("PJS-05")
    def test_has_at_most_50_characters_before_its_extension(self):
        assert described("x" * 50 + ".pdf")
        with pytest.raises(InvalidFileName) as it:
            described("x" * 51 + ".pdf")
        assert pointer(it.value) == "/query/name"

    @pytest.mark.parametrize(
        "name",
        [
            "",
            "pdf",
            ".pdf",
            "..pdf",
            "  .pdf",
            "../a.pdf",
            "a/b.pdf",
            "a\\b.pdf",
            "C:a.pdf",
            'a".pdf',
            "a\r\nSet-Cookie: x.pdf",
            "a\0.pdf",
            "a\u202efdp.pdf",
        ],
    )
    def test_is_refused_when_a_folder_could_not_hold_it(self, name: str):
        with pytest.raises(InvalidFileName) as it:
            described(name)
        assert pointer(it.value) == "/query/name"

    @pytest.mark.feature("PJS-05")
    @pytest.mark.parametrize("name", ["a.exe", "a.html", "a.svg", "a.pdf.js", "a.pdf ."])
    def test_is_refused_with_an_extension_that_is_not_taken(self, name: str):
        with pytest.raises(ExtensionNotAllowed) as it:
            described(name)
        assert pointer(it.value) == "/query/name"

    @given(some.text('aé0. /\\:"\0\n\u202e\u0301pdf', max_size=70), some.binary(max_size=20))
    def test_is_understood_or_refused_whatever_it_is(self, name: str, content: bytes):
        try:
            known = described(name, content)
        except Problem:
            return
        assert known.designation.isprintable()
        assert not {*known.designation} & {*'/\\:*?"<>|'}


class TestDeclaredType:
    @pytest.mark.parametrize("declared", ["application/pdf", "Application/PDF; charset=binary"])
    def test_agrees_with_the_extension(self, declared: str):
        assert described("a.pdf", declared=declared)

    @pytest.mark.feature("PJS-05")
    @pytest.mark.parametrize(
        "declared", ["image/png", "application/octet-stream", "x" * 256, "text/html", "pdf"]
    )
    def test_is_refused_when_it_does_not(self, declared: str):
        with pytest.raises(MediaTypeContradicted) as it:
            described("a.pdf", declared=declared)
        assert pointer(it.value) == "/header/content-type"
