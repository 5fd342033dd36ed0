"""What approvals still say of somebody who was erased."""

from typing import Any

import pytest

from contracts.users import PersonErased
from kit.change import Change
from kit.clock import now
from services.approvals.domain.approvals import without_reason
from tests.approvals.asking import a_request, lea, rights
from tests.approvals.builders import an_approval
from tests.approvals.stage import Stage, soon

WORDS = "Ma fille est malade, voyez avec Paul."


def test_a_decision_stays_without_the_words_of_whoever_took_it():
    decided = an_approval(state="refused", decided_by="u-omar", reason=WORDS, comment="Bonjour")

    left = without_reason(decided).state

    assert left == an_approval(state="refused", decided_by="u-omar", comment="Bonjour")
    assert without_reason(left) == Change(left)


@pytest.mark.asyncio(loop_scope="module")
async def test_nothing_that_an_approver_wrote_stays(stage: Stage):
    await stage.hear(rights("u-omar"), lea(), a_request(comment="Bonjour"))
    said = {"verdict": "refused", "reason": WORDS}
    await stage.by("u-omar").put("/v1/approvals/r-1/decision", json=said)

    await stage.hear(PersonErased(user_id="u-omar", erased_at=now()))

    async def looked_through() -> Any:
        return await stage.service.mongo["erasures"].find_one({"passes": {"$gte": 1}})

    await soon(looked_through)
    one = await stage.service.mongo["approvals"].find_one({"_id": "r-1"})
    rows = await stage.service.journal.rows.find().to_list(None)
    assert (one["state"], one["comment"], one["reason"]) == ("refused", "Bonjour", "")
    assert WORDS not in str(rows)
