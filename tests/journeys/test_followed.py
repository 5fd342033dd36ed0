"""One trace shows what became of a request: heard by whom, and which letter left."""

from tests.journeys.town import Town
from tests.spans import collected


async def test_from_the_request_to_the_letters_it_leads_to(town: Town):
    claire = await town.person("Claire", "Martin")
    lea = await town.person()
    structure = await town.structure(claire)
    with collected() as spans:
        id = (await town.ask(lea, structure["id"], comment="Je suis la comptable.")).json()["id"]
        letter = await spans.one("send letter", "notifications")

        assert await spans.led_to(letter) == [
            ("notifications", "work letters"),
            ("notifications", "process approvals.events"),
            ("approvals", "process users.events"),
            ("users", "commit"),
            ("users", "POST /v1/rattachements"),
        ]
        assert {one.context.trace_id for one in spans.all} == {letter.context.trace_id}
        # Each event was brought four times to each hearer.
        assert len(spans.named("process users.events", "approvals")) == 1
        assert len(spans.named("process approvals.events", "notifications")) == 1

        spans.exporter.clear()
        opened = letter.context.trace_id
        assert (await town.decide(claire, id, "approved")).status_code == 200
        answer = await spans.one("send letter", "notifications")
        chain = await spans.led_to(answer)
        assert chain[0] == ("notifications", "work letters")
        assert chain[-1] == ("approvals", "PUT /v1/approvals/{id}/decision")
        assert answer.context.trace_id != opened
        [commit] = spans.named("commit", "approvals")
        assert {one.context.trace_id for one in commit.links} == {opened}

        told = " ".join(str(dict(one.attributes)) + one.name for one in spans.all)
        for word in ("Dupont", "Claire", "example.org", structure["id"], lea.user_id, id):
            assert word not in told
