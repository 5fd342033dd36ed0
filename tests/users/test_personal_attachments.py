"""The files that people keep for themselves."""

import asyncio
import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest

from kit.clock import now
from kit.file import Verdict
from kit.links import sign_link
from tests.structures.test_api import pointers
from tests.users.belongings import MINE, PDF, Belongings

OTHER = PDF + b"another"


class TestAdd:
    @pytest.mark.feature("ACC-19")
    async def test_keeps_a_file_with_its_designation_and_its_type(self, belongings: Belongings):
        lea = await belongings.person()

        answer = await belongings.bring(lea)

        made = answer.json()
        assert answer.status_code == 201, answer.text
        assert answer.headers["location"] == f"{MINE}/{made['id']}"
        assert (made["designation"], made["extension"]) == ("Carte grise", "pdf")
        assert (made["type"], made["size"]) == ("CARTE_GRISE", len(PDF))

    @pytest.mark.feature("ACC-19")
    async def test_takes_its_type_from_a_list(self, belongings: Belongings):
        lea = await belongings.person()
        listed = (await belongings.by(lea)("GET", "/v1/me/attachment-types")).json()
        assert {"code": "CARTE_GRISE", "label": "Carte grise"} in listed

        answer = await belongings.bring(lea, type="FACTURE")

        assert (answer.status_code, pointers(answer)) == (422, ["/query/type"])

    @pytest.mark.feature("ACC-22")
    async def test_takes_4_megabytes_and_not_a_byte_more(self, belongings: Belongings):
        lea = await belongings.person()
        large = PDF + bytes(4_000_000 - len(PDF))
        assert (await belongings.brought(lea, large))["size"] == 4_000_000

        one_more = await belongings.bring(lea, large + b"\0")
        far_more = await belongings.bring(lea, large * 3)

        assert (one_more.status_code, one_more.json()["limit"]) == (413, 4_000_000)
        assert far_more.status_code == 413
        assert len((await belongings.by(lea)("GET", MINE)).json()["items"]) == 1

    @pytest.mark.parametrize(
        ("but", "pointer"),
        [
            ({"name": "carte.exe"}, "/query/name"),
            ({"name": "../../carte.pdf"}, "/query/name"),
            ({"name": "x" * 51 + ".pdf"}, "/query/name"),
            ({"content": b"MZ\x90\0"}, "/body"),
            ({"content": b""}, "/body"),
        ],
    )
    async def test_names_what_is_wrong_and_keeps_nothing(
        self, belongings: Belongings, but: Any, pointer: str
    ):
        answer = await belongings.bring(await belongings.person(), **but)
        assert (answer.status_code, pointers(answer)) == (422, [pointer])
        assert await belongings.pieces() == 0

    async def test_is_refused_to_whoever_keeps_enough(self, belongings: Belongings):
        lea = await belongings.person()
        for n in range(5):
            await belongings.brought(lea, PDF + bytes([n]))
        refused = await belongings.bring(lea)
        assert (refused.status_code, refused.json()["limit"]) == (409, 5)
        assert await belongings.pieces() == 5

    async def test_ends_there_for_those_that_come_at_once_too(self, belongings: Belongings):
        lea = await belongings.person()
        for _ in range(3):
            await belongings.bring(lea)

        many = await asyncio.gather(*(belongings.bring(lea) for _ in range(4)))

        assert sorted(one.status_code for one in many) == [201, 201, 409, 409]
        assert await belongings.pieces() == 5

    async def test_is_refused_to_an_account_that_is_not_active(self, belongings: Belongings):
        gone = await belongings.person(status="deactivated")
        assert (await belongings.bring(gone)).status_code == 404


class TestTheirOwner:
    @pytest.mark.feature("ACC-19", "ACC-20", "ACC-21")
    async def test_alone_knows_of_them(self, belongings: Belongings):
        lea, omar = await belongings.person(), await belongings.person()
        id = (await belongings.brought(lea))["id"]
        body = {"designation": "À moi", "type": "AUTRE"}

        for user, but in ((omar, {}), (omar, {"operator": True})):
            ask = belongings.by(user, **but)
            assert (await ask("GET", MINE)).json()["items"] == []
            for method, path, sent in (
                ("GET", f"{MINE}/{id}", {}),
                ("GET", f"{MINE}/{id}/content", {}),
                ("GET", f"{MINE}/archive?id={id}", {}),
                ("PUT", f"{MINE}/{id}", {"json": body}),
                ("POST", f"{MINE}/{id}/references", {}),
                ("DELETE", f"{MINE}/{id}", {}),
                ("DELETE", f"{MINE}?id={id}", {}),
            ):
                answer = await ask(method, path, **sent)
                assert answer.status_code == 404, (method, path, answer.text)
        assert (await belongings.by()("GET", MINE)).status_code == 401
        assert (await belongings.system("attachments:read")("GET", MINE)).status_code == 403

    @pytest.mark.feature("ACC-20")
    async def test_calls_a_file_something_else_and_gets_its_bytes(self, belongings: Belongings):
        lea = await belongings.person()
        made = await belongings.brought(lea)
        ask, path = belongings.by(lea), f"{MINE}/{made['id']}"

        body = {"designation": "  Relevé ", "type": "AUTRE"}
        modified = await ask("PUT", path, json=body, headers={"if-match": '"1"'})
        stale = await ask("PUT", path, json=body | {"type": "RIB"}, headers={"if-match": '"1"'})
        got = await ask("GET", f"{path}/content")

        shown = modified.json()
        assert (modified.status_code, shown["designation"], shown["type"]) == (
            200,
            "Relevé",
            "AUTRE",
        )
        assert shown["extension"] == "pdf"
        assert stale.status_code == 412
        assert (got.status_code, got.content) == (200, PDF)
        assert "filename*=UTF-8''Relev%C3%A9.pdf" in got.headers["content-disposition"]
        assert "sandbox" in got.headers["content-security-policy"]
        for wrong, pointer in (
            ({"designation": "a/b", "type": "RIB"}, "/body/designation"),
            ({"designation": "", "type": "RIB"}, "/body/designation"),
            ({"designation": "a", "type": "FACTURE"}, "/body/type"),
        ):
            answer = await ask("PUT", path, json=wrong)
            assert (answer.status_code, pointers(answer)) == (422, [pointer])

    @pytest.mark.feature("ACC-20")
    async def test_deletes_one_for_good(self, belongings: Belongings):
        lea = await belongings.person()
        path = f"{MINE}/{(await belongings.brought(lea))['id']}"
        ask = belongings.by(lea)
        assert [(await ask("DELETE", path)).status_code for _ in range(2)] == [204, 404]
        assert (await ask("GET", f"{path}/content")).status_code == 404
        assert await belongings.pieces() == 0

    @pytest.mark.feature("ACC-21")
    async def test_takes_the_ticked_ones_as_a_zip(self, belongings: Belongings):
        lea = await belongings.person()
        ids = [(await belongings.brought(lea, one))["id"] for one in (PDF, OTHER)]
        ask = belongings.by(lea)

        answer = await ask("GET", f"{MINE}/archive", params={"id": [*ids, ids[0]]})

        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert [archive.read(name) for name in archive.namelist()] == [PDF, OTHER]
            assert len(set(archive.namelist())) == 2
        assert (await ask("GET", f"{MINE}/archive")).status_code == 422

    @pytest.mark.feature("ACC-21")
    async def test_deletes_all_the_ticked_ones_or_none(self, belongings: Belongings):
        lea, omar = await belongings.person(), await belongings.person()
        ids = [(await belongings.brought(lea, PDF + bytes([n])))["id"] for n in range(3)]
        theirs, ask = (await belongings.brought(omar))["id"], belongings.by(lea)

        for some in ([*ids, theirs], [*ids, "0" * 32]):
            assert (await ask("DELETE", MINE, params={"id": some})).status_code == 404
        assert (await ask("DELETE", MINE)).status_code == 422
        assert await belongings.pieces() == 4

        assert (await ask("DELETE", MINE, params={"id": ids[:2]})).status_code == 204
        left = (await ask("GET", MINE)).json()["items"]
        assert [one["id"] for one in left] == [ids[2]]
        assert await belongings.pieces() == 2

    async def test_waits_for_the_antivirus(self, belongings: Belongings):
        lea = await belongings.person()
        id = (await belongings.brought(lea))["id"]
        for verdict, kind in (
            (Verdict("failed"), "not-scanned-yet"),
            (Verdict("infected", "Eicar"), "file-infected"),
        ):
            await belongings.judged(id, verdict)
            for path in (f"{id}/content", f"archive?id={id}"):
                answer = await belongings.by(lea)("GET", f"{MINE}/{path}")
                assert (answer.status_code, answer.json()["type"]) == (409, f"/problems/{kind}")

    async def test_who_sends_a_file_twice_keeps_it_once(self, belongings: Belongings):
        lea = await belongings.person()
        sent = {
            "params": {"name": "a.pdf", "type": "AUTRE"},
            "headers": {"content-type": "application/pdf", "idempotency-key": "k-1"},
            "content": PDF,
        }
        ask = belongings.by(lea)
        answers = await asyncio.gather(*(ask("POST", MINE, **sent) for _ in range(3)))
        assert len({one.json()["id"] for one in answers}) == 1
        assert await belongings.pieces() == 1


class TestAReference:
    @pytest.mark.feature("ACC-23")
    async def test_lets_the_system_of_invoices_read_that_file(self, belongings: Belongings):
        lea = await belongings.person()
        made = await belongings.brought(lea)
        referred = await belongings.by(lea)("POST", f"{MINE}/{made['id']}/references")
        assert (referred.status_code, referred.headers["cache-control"]) == (201, "no-store")
        path = f"/v1/attachment-references/{referred.json()['reference']}/content"

        for _ in range(2):
            read = await belongings.system("attachments:read")("GET", path)
            assert (read.status_code, read.content) == (200, PDF)
        assert (await belongings.system("structures:read")("GET", path)).status_code == 403
        assert (await belongings.by(lea)("GET", path)).status_code == 403
        assert (await belongings.by()("GET", path)).status_code == 401

        await belongings.by(lea)("DELETE", f"{MINE}/{made['id']}")
        assert (await belongings.system("attachments:read")("GET", path)).status_code == 404

    @pytest.mark.feature("ACC-23")
    async def test_is_nobody_elses_to_make(self, belongings: Belongings):
        lea, omar = await belongings.person(), await belongings.person()
        id = (await belongings.brought(lea))["id"]
        settings = belongings.service.settings
        key = settings.link_key.get_secret_value()

        def signed(key: str, **but: Any) -> str:
            of = {"purpose": "attachment", "user_id": lea, "nonce": id}
            return sign_link(key, **of | {"expires_at": now() + timedelta(hours=1)} | but)

        ask = belongings.system("attachments:read")
        for reference in (
            signed("another key of the same length, or so"),
            signed(key, purpose="activation"),
            signed(key, user_id=omar),
            signed(key, expires_at=now() - timedelta(seconds=1)),
            id,
        ):
            path = f"/v1/attachment-references/{reference}/content"
            assert (await ask("GET", path)).status_code == 404
        good = await ask("GET", f"/v1/attachment-references/{signed(key)}/content")
        assert good.status_code == 200
