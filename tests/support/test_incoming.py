"""What is read of a letter to the support desk, however it was made."""

from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.problems import Problem
from services.support import categories, incoming
from services.support.domain.incoming import (
    Filing,
    Incoming,
    NoSender,
    NothingWritten,
    WrongFiling,
    passed_over,
    require_fitting,
)
from services.support.incoming import (
    CUT,
    DROPPED,
    LONGEST_PART,
    LONGEST_TEXT,
    MOST_PARTS,
    UNTITLED,
    NotReadable,
)
from services.support.markup import LONGEST

FILING = Filing("UTILISATION_PLATEFORME", "AUTRE_QUESTION")
TOP = b"From: zoe@example.org\nSubject: Bonjour\n"
LOGO = {"maintype": "image", "subtype": "png"}


def a_message(text: str = "Je ne reçois rien.", **headers: str) -> EmailMessage:
    message = EmailMessage()
    said = {"From": "Zoé Roux <Zoe@Example.org>", "Subject": "Rien n’arrive"}
    for name, value in (said | {"Message-ID": "<1@example.org>"} | headers).items():
        message[name] = value
    message.set_content(text)
    return message


def read(message: EmailMessage | bytes) -> Incoming:
    raw = message if isinstance(message, bytes) else message.as_bytes(policy=SMTP)
    letter = incoming.read(raw)
    assert isinstance(letter, Incoming)
    return letter


class TestRead:
    @pytest.mark.feature("CRM-04")
    def test_finds_who_writes_what(self):
        letter = read(a_message())

        assert letter.sender == "zoe@example.org"
        assert letter.title == "Rien n’arrive"
        assert letter.text == "Je ne reçois rien."
        assert letter.message_id == "<1@example.org>"

    def test_prefers_the_text_and_names_what_is_attached(self):
        message = a_message()
        message.add_alternative("<p>Rien <b>du tout</b></p>", subtype="html")
        message.add_attachment(b"x", **LOGO, filename="écran\u202e\n.png")
        message.add_attachment(b"x", **LOGO, filename="b.png")

        letter = read(message)

        assert letter.text == "Je ne reçois rien."
        assert letter.attachments == ("écran .png", "b.png")

    def test_takes_the_words_of_html_where_there_is_nothing_else(self):
        message = a_message()
        html = "<style>p{}</style><div>Bonjour</div><div>Rien<script>alert(1)</script></div>"
        message.set_content(html, subtype="html")

        assert read(message).text == "Bonjour\nRien"

    @pytest.mark.parametrize(
        ("charset", "body", "text"),
        [
            (b"iso-8859-1", b"re\xe7u", "reçu"),
            (b"utf-8", b"re\xe7u", "re\ufffdu"),
            (b"klingon", "reçu".encode(), "reçu"),
            (b"punycode", b"bcher-kva", "bcher-kva"),
            (b"unicode_escape", rb"a\x41", r"a\x41"),
            (b"zlib", b"abc", "abc"),
            (b"\xff", b"abc", "abc"),
            (b"utf-16", b"\xff\xfea\x00", "a"),
        ],
    )
    def test_reads_what_it_can_of_any_charset(self, charset: bytes, body: bytes, text: str):
        raw = TOP + b"Content-Type: text/plain; charset=" + charset + b"\n\n" + body
        assert read(raw).text == text

    @pytest.mark.parametrize(
        ("subject", "title"),
        [
            (b"", ""),
            (b"=?utf-8?q?re=C3=A7u?=", "reçu"),
            (b"=?utf-8?q?a=0D=0ABcc=3A_x?=", "a Bcc: x"),
            (b"=?klingon?b?AAAA?= a", "a"),
            (b"a\xff", "a\ufffd"),
            (b"a" * 2_000_000, "a" * 200),
            (b"=?" * 500_000, "=?" * 100),
        ],
        ids=["none", "encoded", "two lines", "no charset", "no ascii", "long", "half encoded"],
    )
    def test_reads_a_subject_on_one_line(self, subject: bytes, title: str):
        raw = b"From: zoe@example.org\nSubject: " + subject + b"\n\nBonjour"
        assert read(raw).title == title

    def test_reads_a_line_of_two_megabytes(self):
        assert len(read(TOP + b"\n" + b"x" * 2_000_000).text) <= LONGEST_PART

    @pytest.mark.parametrize(
        "written",
        [
            b"",
            b"From: \n",
            b"From: nobody\n",
            b"From: <>\n",
            b"From: a@example.org, b@example.org\n",
            b"From: a@example.org\nFrom: b@example.org\n",
            b"From: a@example.org\n" * 150_000,
            b"From: a@\xff.example\n",
            b"From: " + b"(" * 100_000 + b"\n",
            b"From: friends: a@example.org, b@example.org;\n",
        ],
    )
    def test_refuses_who_cannot_be_answered(self, written: bytes):
        with pytest.raises((NoSender, NotReadable)) as refused:
            incoming.read(written + b"Subject: Bonjour\n\nBonjour")
        assert refused.value.members["errors"][0]["pointer"] == "/body"

    def test_refuses_what_says_nothing(self):
        with pytest.raises(NothingWritten):
            incoming.read(b"From: zoe@example.org\n\n \n")

    @pytest.mark.parametrize("kind", ["wide", "deep", "digest", "forwarded"])
    def test_refuses_parts_without_end(self, kind: str):
        many = range(MOST_PARTS * 20)
        raw = TOP
        if kind in ("wide", "digest"):
            type = b"digest" if kind == "digest" else b"mixed"
            raw += (
                b"Content-Type: multipart/" + type + b"; boundary=b\n\n" + b"--b\n\nx\n" * len(many)
            )
        elif kind == "deep":
            for n in many:
                raw += b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n)
        else:
            raw += b"Content-Type: message/rfc822\n\n" * len(many)
        with pytest.raises(NotReadable):
            incoming.read(raw)

    def test_refuses_lines_without_end(self):
        with pytest.raises(NotReadable):
            incoming.read(TOP + b"\n" * 1_000_000)

    @settings(max_examples=60, deadline=None)
    @given(st.binary(max_size=300), st.sampled_from(["from", "subject", "content-type", "body"]))
    def test_never_fails_whatever_comes(self, noise: bytes, where: str):
        headers = {"from": b"zoe@example.org", "subject": b"a", "content-type": b"text/plain"}
        if where != "body":
            headers[where] = noise.replace(b"\n", b"\n ").replace(b"\r", b" ")
        top = b"".join(name.encode() + b": " + value + b"\n" for name, value in headers.items())
        raw = top + b"\n" + (noise if where == "body" else b"Bonjour")
        try:
            letter = incoming.read(raw)
        except Problem:
            return
        if isinstance(letter, Incoming):
            incoming.content(letter, FILING).description.encode()


class TestPassedOver:
    @pytest.mark.feature("CRM-04")
    @pytest.mark.parametrize(
        ("header", "value", "why"),
        [
            ("Return-Path", "<>", "returned"),
            ("Content-Type", "multipart/report; report-type=delivery-status", "returned"),
            ("Auto-Submitted", "auto-generated", "automatic"),
            ("Auto-Submitted", "Auto-Replied (vacation)", "automatic"),
            ("X-Autoreply", "yes", "automatic"),
            ("List-Id", "<news.example.org>", "bulk"),
            ("Precedence", " Bulk", "bulk"),
        ],
    )
    def test_is_what_no_answer_should_go_to(self, header: str, value: str, why: str):
        raw = TOP + f"{header}: {value}\n\nBonjour".encode()
        assert incoming.read(raw) == why

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"auto-submitted": "no"},
            {"auto-submitted": "No (by hand)"},
            {"return-path": "<zoe@example.org>"},
            {"precedence": "first-class"},
            {"content-type": "text/plain"},
        ],
    )
    def test_is_nothing_that_somebody_wrote(self, headers: dict[str, str]):
        assert passed_over(headers) is None


class TestId:
    @pytest.mark.feature("CRM-04")
    def test_is_that_of_the_letter_whichever_way_it_came(self):
        once = read(a_message(Received="by mx1"))
        again = read(a_message(Received="by mx2; later"))

        assert once.id == again.id
        assert len(once.id) == 32

    @pytest.mark.parametrize(
        "other",
        [
            a_message("Autre chose."),
            a_message(Subject="Autre chose"),
            a_message(From="bob@example.org"),
            a_message(**{"Message-ID": "<2@example.org>"}),
            a_message(Date="Mon, 02 Mar 2026 09:00:00 +0100"),
        ],
    )
    def test_is_of_no_other_letter(self, other: EmailMessage):
        assert read(other).id != read(a_message()).id


class TestContent:
    def of(self, **but: Any) -> Any:
        said = {
            "sender": "zoe@example.org",
            "message_id": "",
            "date": "",
            "title": "",
            "text": "<b>Bonjour</b>\nhttps://evil.example/",
        }
        return incoming.content(Incoming(**said | but), FILING)

    @pytest.mark.feature("CRM-04")
    def test_is_text_under_the_category_of_letters(self):
        made = self.of()

        assert (made.category, made.subcategory) == (FILING.category, FILING.subcategory)
        assert (made.title, made.contact_email) == (UNTITLED, "zoe@example.org")
        assert "<b>" not in made.description
        assert "<a" not in made.description

    def test_says_what_is_left_out(self):
        made = self.of(text="x" * (LONGEST_TEXT + 1), attachments=("a.pdf", "b.png"))

        assert CUT in made.description
        assert made.description.endswith(DROPPED + "a.pdf, b.png")

    @pytest.mark.parametrize("text", ["&" * 20_000, "\n" * 9_000 + "x", "é<>\"'" * 3_000])
    def test_is_never_longer_than_a_ticket_may_be(self, text: str):
        assert len(self.of(text=text, attachments=("&" * 60,) * 10).description) <= LONGEST


class TestFiling:
    def test_is_one_that_the_desk_answers(self):
        require_fitting(FILING, categories.read())

    @pytest.mark.parametrize(
        ("category", "subcategory"),
        [
            ("UTILISATION_PLATEFORME", "NOPE"),
            ("PAIEMENT", "M_QUESTION_DEMANDE_REJETEE"),
            ("FACTURES_EMISES", "SAISIE_ET_DEPOT"),
            ("GESTION_STRUCTURES_UTILISATEURS", "REACTIVATION_COMPTE"),
        ],
    )
    def test_that_does_not_fit_stops_the_service_at_start(self, category: str, subcategory: str):
        with pytest.raises(WrongFiling):
            require_fitting(Filing(category, subcategory), categories.read())
