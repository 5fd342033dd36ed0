"""Letters are caught as files and shown without danger."""

from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest
from httpx import ASGITransport, AsyncClient

from deploy.embedded import mail
from tests.ports import free_ports


@pytest.fixture
async def smtp(tmp_path: Path) -> AsyncIterator[int]:
    [port] = free_ports(1)
    server = await mail.catch(tmp_path, port)
    yield port
    server.close()


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[AsyncClient]:
    transport = ASGITransport(mail.page(tmp_path))
    async with AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


def a_letter(*, text: str = "Bonjour Léa,", rich: str = "", **heads: str) -> EmailMessage:
    letter = EmailMessage()
    letter["From"], letter["To"] = "chorale@chorale.example", "lea.dupont@chorale.example"
    letter["Subject"] = heads.get("subject", "Activez votre compte")
    letter.set_content(text, cte="quoted-printable")
    if rich:
        letter.add_alternative(rich, subtype="html")
    return letter


async def send(port: int, *letters: EmailMessage) -> None:
    for letter in letters:
        await aiosmtplib.send(letter, hostname="127.0.0.1", port=port)


def files(folder: Path) -> set[Path]:
    return set(folder.iterdir())


class TestCatch:
    async def test_keeps_each_letter_as_one_file(self, smtp: int, tmp_path: Path) -> None:
        await send(smtp, a_letter(text="Un : https://x.example/?token=abc"), a_letter(text="Deux"))
        newest, oldest = mail.letters(tmp_path)
        assert "Deux" in mail.text(mail.read(newest))
        assert "token=abc" in mail.text(mail.read(oldest))
        assert mail.read(newest)["Delivered-To"] == "lea.dupont@chorale.example"

    async def test_refuses_one_domain_for_good(self, smtp: int, tmp_path: Path) -> None:
        letter = a_letter()
        letter.replace_header("To", f"lea{mail.REFUSED}")
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused, match=r"5\.1\.1"):
            await send(smtp, letter)
        assert mail.letters(tmp_path) == []

    async def test_leaves_nothing_half_written(self, smtp: int, tmp_path: Path) -> None:
        await send(smtp, a_letter())
        assert files(tmp_path) == set(mail.letters(tmp_path))


class TestPage:
    async def test_lists_the_newest_first(
        self, smtp: int, browser: AsyncClient, tmp_path: Path
    ) -> None:
        await send(smtp, a_letter(subject="Première"), a_letter(subject="Seconde"))
        listing = (await browser.get("/")).text
        assert listing.index("Seconde") < listing.index("Première")

    async def test_shows_text_with_links_that_can_be_followed(
        self, smtp: int, browser: AsyncClient, tmp_path: Path
    ) -> None:
        await send(smtp, a_letter(text="Ici : http://127.0.0.1:8080/a?b=1&token=abc."))
        [letter] = mail.letters(tmp_path)
        shown = (await browser.get(f"/{letter.name}")).text
        assert '<a href="http://127.0.0.1:8080/a?b=1&amp;token=abc">' in shown

    async def test_nothing_of_a_letter_runs_in_the_page(
        self, smtp: int, browser: AsyncClient, tmp_path: Path
    ) -> None:
        evil = "<script>alert(1)</script>"
        await send(smtp, a_letter(text=evil, rich=f'"{evil}', subject=evil))
        [letter] = mail.letters(tmp_path)
        for path in ("/", f"/{letter.name}"):
            answer = await browser.get(path)
            assert answer.status_code == 200
            assert "<script" not in answer.text
            assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "<iframe sandbox srcdoc=" in answer.text

    async def test_shows_even_what_is_not_a_letter(
        self, browser: AsyncClient, tmp_path: Path
    ) -> None:
        name = "20260101T000000000000Z-00000000.eml"
        (tmp_path / name).write_bytes(
            b"To: =?x?=\xff\r\nContent-Type: text/plain; charset=none-such\r\n\r\n\xff\x00"
        )
        assert (await browser.get("/")).status_code == 200
        assert (await browser.get(f"/{name}")).status_code == 200

    @pytest.mark.parametrize("path", ["/..%2fsecret", "/x.eml", "/.20260101T0.eml"])
    async def test_shows_no_other_file(self, browser: AsyncClient, path: str) -> None:
        assert (await browser.get(path)).status_code == 404

    async def test_is_for_this_machine_only(self, browser: AsyncClient) -> None:
        assert (await browser.get("/", headers={"host": "evil.example"})).status_code == 400
