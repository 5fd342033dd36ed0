"""Who is written to about a ticket, and when it is of no use any more."""

from datetime import timedelta
from typing import Any

import pytest

from contracts.support import (
    OfTicket,
    TicketAttachmentAdded,
    TicketClosed,
    TicketInformationAsked,
    TicketInformationGiven,
    TicketNoted,
    TicketOpened,
    TicketOverdue,
    TicketRefiled,
    TicketRequestDone,
    TicketRequestFailed,
    TicketSolutionProposed,
    TicketSolutionRefused,
    TicketTaken,
    TicketTransferred,
)
from contracts.users import Habilitation, Line
from kit.clock import now, today
from services.notifications.domain.digests import Settled, move_on, over, settle
from services.notifications.domain.letters import Letter
from services.notifications.domain.notices import tell_first
from services.notifications.domain.ticket_letters import (
    EMITTED,
    MOVES,
    RECEIVED,
    on_attachment_added,
    on_request_done,
    on_request_failed,
    on_ticket_opened,
    to_agents,
    to_colleagues,
    to_desk,
    to_emitter,
)
from tests.approvals.stage import soon
from tests.notifications.builders import NOW, a_letter
from tests.notifications.conftest import World
from tests.notifications.telling import forced, somebody
from tests.notifications.test_facts import STRUCTURE, rights
from tests.notifications.test_gathering import gathered, kept, wishing

EMITTING = "6" * 32
TREATS = (Habilitation(application=RECEIVED, level="modification"),)
ANSWERS = (Habilitation(application=EMITTED, level="modification"),)
FOLLOWS = (Habilitation(application=EMITTED, level="consultation"),)
READS = (Habilitation(application=RECEIVED, level="consultation"),)
DESK = "support@chorale.example"


def an_act(kind: type[OfTicket], **but: Any) -> Any:
    said = {
        "ticket_id": "t-1",
        "number": "CPROCS0000001",
        "emitter_id": "u-lea",
        "structure_id": EMITTING,
        "unit": None,
        "recipient_id": STRUCTURE,
        "treated_by": "recipient",
        "assignee_id": None,
        "state": "open",
        "entry_id": "e-1",
        "rank": 3,
        "by": "u-omar",
        "at": now(),
        "text": "Quel est le numéro ?",
        "category": "c",
        "subcategory": "s",
        "accepted": False,
        "attachment_id": "f-1",
        "side": "recipient",
    }
    known = kind.model_fields  # type: ignore[attr-defined]  # of every event
    return kind(**{name: value for name, value in (said | but).items() if name in known})


def opened(**but: Any) -> TicketOpened:
    said = {
        "ticket_id": "t-1",
        "number": "CPROCS0000001",
        "emitter_id": "u-lea",
        "structure_id": EMITTING,
        "category": "c",
        "subcategory": "s",
        "opened_at": now(),
        "recipient_id": STRUCTURE,
    }
    return TicketOpened(**said | but)


def overdue(**but: Any) -> TicketOverdue:
    said = {
        "ticket_id": "t-1",
        "number": "CPROCS0000001",
        "recipient_id": STRUCTURE,
        "treated_by": "recipient",
        "assignee_id": None,
        "rank": 2,
        "promise": "solution",
        "due_at": now(),
        "noticed_at": now(),
    }
    return TicketOverdue(**said | but)


class TestToEmitter:
    @pytest.mark.feature("SUP-20", "SUP-21")
    def test_brings_what_is_asked_and_what_is_proposed(self):
        for kind, news in (
            (TicketInformationAsked, "information-asked"),
            (TicketSolutionProposed, "solution-proposed"),
        ):
            letter = to_emitter(an_act(kind))

            assert letter
            assert (letter.recipient_id, letter.params["news"]) == ("u-lea", news)
            assert (letter.reason, letter.about_id) == ("Quel est le numéro ?", "u-omar")

    @pytest.mark.feature("SUP-45")
    def test_brings_what_the_desk_says_once_what_was_asked_for_is_done(self):
        letter = on_request_done(an_act(TicketRequestDone, state="closed"))
        assert letter
        assert (letter.params["news"], letter.about_id) == ("request-done", "u-omar")
        assert letter.reason == "Quel est le numéro ?"
        assert TicketRequestDone not in MOVES
        assert on_request_done(an_act(TicketRequestDone, emitter_id="")) is None

    @pytest.mark.feature("SUP-40")
    def test_says_that_the_desk_treats_it_now(self):
        letter = to_emitter(an_act(TicketTransferred, treated_by="desk"))
        assert letter
        assert letter.params["news"] == "transferred"

    def test_is_not_about_what_the_emitter_did(self):
        assert to_emitter(an_act(TicketClosed, by="u-lea")) is None
        assert to_emitter(an_act(TicketSolutionRefused, by="u-lea")) is None

    def test_is_about_what_a_colleague_did(self):
        letter = to_emitter(an_act(TicketSolutionRefused, by="u-ada"))
        assert letter
        assert letter.params["news"] == "solution-refused"

    def test_never_follows_from_a_note(self):
        assert TicketNoted not in MOVES
        assert TicketTaken not in MOVES


class TestToAgents:
    @pytest.mark.feature("SUP-06", "SUP-19")
    def test_is_for_those_who_treat_what_its_recipient_receives(self):
        notice = to_agents(opened())

        assert notice
        assert (notice.said.structure_id, notice.said.application, notice.said.level) == (
            STRUCTURE,
            RECEIVED,
            "modification",
        )

    def test_is_first_for_whoever_has_taken_it(self):
        notice = to_agents(an_act(TicketInformationGiven, assignee_id="u-omar", by="u-lea"))

        assert notice
        assert (notice.said.users, notice.said.or_all) == (("u-omar",), True)

    def test_is_for_nobody_while_the_desk_or_the_emitter_is_waited_for(self):
        assert to_agents(opened(recipient_id=None)) is None
        assert to_agents(an_act(TicketSolutionRefused, treated_by="desk")) is None
        assert to_agents(an_act(TicketInformationAsked)) is None
        assert to_agents(an_act(TicketClosed)) is None

    def test_tells_of_each_lateness_once(self):
        due = now()
        first = to_agents(overdue(due_at=due))
        again = to_agents(overdue(due_at=due, noticed_at=due + timedelta(hours=1)))
        later = to_agents(overdue(due_at=due + timedelta(days=1)))

        ids = [one and one.id for one in (first, again, later)]
        assert ids[0] == ids[1] != ids[2]


class TestToColleagues:
    @pytest.mark.feature("SUP-20", "SUP-21")
    def test_is_for_those_who_may_answer_unless_its_author_is_still_there(self):
        for kind in (TicketInformationAsked, TicketSolutionProposed):
            notice = to_colleagues(an_act(kind, unit="COMPTA"))

            assert notice
            said = notice.said
            assert (said.structure_id, said.unit, said.unless) == (EMITTING, "COMPTA", "u-lea")
            assert (said.application, said.level) == (EMITTED, "modification")
            assert "Quel" not in repr(notice)

    def test_is_for_nobody_where_nothing_is_waited_for_or_no_structure_asked(self):
        assert to_colleagues(opened()) is None
        assert to_colleagues(overdue()) is None
        assert to_colleagues(an_act(TicketTransferred)) is None
        assert to_colleagues(an_act(TicketSolutionProposed, structure_id=None)) is None


class TestToDesk:
    @pytest.mark.feature("SUP-40")
    def test_is_for_its_one_address_when_it_is_to_treat_a_ticket(self):
        told = [
            to_desk(event, DESK)
            for event in (
                opened(recipient_id=None),
                an_act(TicketTransferred, treated_by="desk"),
                overdue(),
            )
        ]

        assert [one and one.to for one in told] == [DESK] * 3
        assert len({one.id for one in told if one}) == 3

    def test_says_to_it_what_it_had_accepted_and_could_not_be_done(self):
        event = an_act(TicketRequestFailed, treated_by="recipient")
        letter = on_request_failed(event, DESK)
        assert letter
        assert (letter.to, letter.params["news"]) == (DESK, "request-failed")
        assert on_request_failed(event, "") is None

    def test_is_for_nobody_where_there_is_no_address_or_a_recipient_treats_it(self):
        assert to_desk(opened(recipient_id=None), "") is None
        assert to_desk(opened(), DESK) is None
        assert to_desk(an_act(TicketSolutionProposed, treated_by="desk"), DESK) is None

    def test_is_not_for_what_the_desk_itself_has_filed_elsewhere(self):
        assert to_desk(an_act(TicketRefiled, treated_by="desk"), DESK) is None
        handed = to_agents(an_act(TicketRefiled, rank=4))
        assert handed
        assert handed.said.params["news"] == "opened"


class TestOnAttachmentAdded:
    @pytest.mark.feature("SUP-38")
    def test_writes_to_the_other_side_once_for_a_handful(self):
        first = an_act(TicketAttachmentAdded, side="recipient", at=NOW)
        letter = on_attachment_added(first)

        assert letter
        assert (letter.recipient_id, letter.params["news"]) == ("u-lea", "attachment-added")
        assert letter.reason == ""
        assert to_agents(first) is None
        for but, same in (
            ({"rank": 4, "at": NOW + timedelta(minutes=5)}, True),
            ({"rank": 4, "at": NOW + timedelta(hours=1)}, False),
            ({"rank": 4, "state": "resolved"}, False),
        ):
            said = {"side": "recipient", "at": NOW}
            again = on_attachment_added(an_act(TicketAttachmentAdded, **said | but))
            assert again
            assert (again.id == letter.id) == same

    @pytest.mark.feature("SUP-38")
    def test_tells_those_who_treat_it_while_it_is_theirs_to_answer(self):
        said = {"side": "emitter", "by": "u-lea"}
        added = an_act(TicketAttachmentAdded, **said)
        notice = to_agents(added)
        assert notice
        assert notice.said.params["news"] == "attachment-added"
        assert on_attachment_added(added) is None
        assert to_colleagues(added) is None
        assert to_desk(an_act(TicketAttachmentAdded, treated_by="desk", **said), DESK)
        for state in ("waiting", "resolved"):
            assert to_agents(an_act(TicketAttachmentAdded, state=state, **said)) is None
        ours = an_act(TicketAttachmentAdded, side="desk", treated_by="desk")
        assert to_desk(ours, DESK) is None

    def test_leaves_what_was_asked_before_of_use(self):
        assert TicketAttachmentAdded not in MOVES

    def test_stands_for_those_that_follow(self):
        first = to_agents(an_act(TicketAttachmentAdded, side="emitter", by="u-lea", at=NOW))
        later = to_agents(an_act(TicketAttachmentAdded, side="emitter", by="u-lea", at=NOW, rank=4))
        assert first
        assert later
        kept = tell_first(first, None).state
        assert tell_first(later, kept).state == kept


class TestOver:
    letter = a_letter(subject_id="t-1", rank=3)

    def test_is_what_was_told_before_a_ticket_moved_on(self):
        moved = move_on("t-1", None, rank=4, at=NOW).state

        assert over(self.letter, {"t-1": moved})
        assert not over(a_letter(subject_id="t-1", rank=4), {"t-1": moved})

    def test_comes_to_the_same_in_whatever_order_it_is_heard(self):
        ahead = move_on("t-1", None, rank=4, at=NOW).state

        assert move_on("t-1", ahead, rank=2, at=NOW).state == ahead
        assert move_on("t-1", ahead, rank=4, at=NOW).state == ahead

    def test_is_all_of_what_is_settled_for_good(self):
        done = settle("t-1", None, at=NOW).state

        assert move_on("t-1", done, rank=9, at=NOW).state == done
        assert over(self.letter, {"t-1": Settled(id="t-1", at=NOW)})


class TestThroughTheMail:
    """From the events to the SMTP server; each is heard twice."""

    pytestmark = pytest.mark.asyncio(loop_scope="module")

    @pytest.mark.feature("SUP-06", "SUP-39")
    async def test_a_new_ticket_is_told_to_those_who_may_treat_it(self, world: World):
        await world.stage.hear(
            *map(somebody, ("u-omar", "u-ada", "u-bob")),
            rights("u-omar", habilitations=TREATS),
            rights("u-ada", habilitations=READS),
            rights("u-bob", habilitations=TREATS, role=None, lines=()),
        )

        await world.stage.hear(opened(emitter_id="u-nobody"))

        await told(world, "u-omar:ticket-to-treat")
        assert "CPROCS0000001" in str(world.post.taken[0]["Subject"])

    @pytest.mark.feature("SUP-38")
    async def test_several_files_are_told_of_by_one_letter(self, world: World):
        await world.stage.hear(somebody("u-omar"), rights("u-omar", habilitations=TREATS))
        files = {"side": "emitter", "by": "u-lea", "emitter_id": "u-lea", "at": NOW}

        await world.stage.hear(
            *(an_act(TicketAttachmentAdded, rank=rank, **files) for rank in (2, 3, 4))
        )

        await told(world, "u-omar:ticket-to-treat")

    async def test_whoever_has_taken_it_is_told_alone_while_they_may_treat_it(self, world: World):
        await world.stage.hear(
            *map(somebody, ("u-omar", "u-ada")),
            rights("u-omar", habilitations=TREATS),
            rights("u-ada", habilitations=TREATS),
        )
        given = {"assignee_id": "u-ada", "by": "u-lea", "emitter_id": "u-lea"}

        await world.stage.hear(an_act(TicketInformationGiven, **given))
        await told(world, "u-ada:ticket-to-treat")
        await world.stage.hear(rights("u-ada", habilitations=(), version=2))
        await world.stage.hear(an_act(TicketSolutionRefused, rank=5, **given))

        await told(world, "u-ada:ticket-to-treat", "u-omar:ticket-to-treat")

    @pytest.mark.feature("SUP-16")
    async def test_whoever_wrote_it_is_told_its_number_though_their_rights_are_heard_later(
        self, world: World
    ):
        """They were just attached: support has heard that, and notifications has not yet."""
        await world.stage.hear(somebody("u-lea"))

        await world.stage.hear(opened(structure_id=EMITTING))

        await told(world, "u-lea:ticket-opened")

    @pytest.mark.feature("SUP-42")
    async def test_whoever_wrote_it_is_told_while_they_are_attached(self, world: World):
        mine = {"structure_id": EMITTING, "rattachement_id": f"u-lea:{EMITTING}"}
        theirs = {"structure_id": EMITTING, "rattachement_id": f"u-ada:{EMITTING}"}
        await world.stage.hear(
            *map(somebody, ("u-lea", "u-ada")),
            rights("u-lea", habilitations=(), **mine),
            rights("u-ada", habilitations=ANSWERS, **theirs),
        )

        await world.stage.hear(an_act(TicketInformationAsked))
        await told(world, "u-lea:ticket-news")

        async def spread() -> bool:
            return bool(await world.stage.service.mongo["notices"].find_one({"wake_at": None}))

        await soon(spread)
        assert not await kept(world, template="ticket-to-answer")
        left = rights("u-lea", role=None, lines=(), version=2, **mine)
        await world.stage.hear(left)
        await world.stage.hear(an_act(TicketSolutionProposed, rank=5))

        async def suppressed() -> bool:
            return bool(await kept(world, status="suppressed"))

        await soon(suppressed)
        await told(world, "u-ada:ticket-to-answer", "u-lea:ticket-news")

    @pytest.mark.feature("SUP-20", "SUP-21")
    @pytest.mark.parametrize("left", ["the structure", "the platform"])
    async def test_those_who_may_answer_are_told_once_its_author_has_left(
        self, world: World, left: str
    ):
        await world.stage.hear(
            somebody("u-lea", active=left != "the platform"),
            *map(somebody, ("u-ada", "u-bob", "u-eve")),
            *(
                rights(user, structure_id=EMITTING, rattachement_id=f"{user}:{EMITTING}", **but)
                for user, but in {
                    "u-lea": {"role": None, "lines": ()} if left == "the structure" else {},
                    "u-ada": {"habilitations": ANSWERS},
                    "u-bob": {"habilitations": FOLLOWS},
                    "u-eve": {
                        "habilitations": ANSWERS,
                        "lines": (Line(unit="COMPTA", valid_from=today()),),
                    },
                }.items()
            ),
        )

        await world.stage.hear(an_act(TicketInformationAsked))

        await told(world, "u-ada:ticket-to-answer")
        assert "Quel est" not in str(world.post.taken[0])

    @pytest.mark.feature("NOT-11")
    async def test_a_digest_tells_what_still_stands_and_by_the_wish_for_tickets(self, world: World):
        wishes = wishing("never", "u-lea", applications={"sollicitations-emises": "daily"})
        await world.stage.hear(wishes)
        mine = {"structure_id": None}
        await world.stage.hear(an_act(TicketInformationAsked, **mine))
        await gathered(world, 1)
        await world.stage.hear(
            an_act(TicketInformationGiven, rank=4, by="u-lea", **mine),
            an_act(TicketSolutionProposed, rank=5, **mine),
        )
        await gathered(world, 2)
        await forced(world)

        await told(world, "u-lea:digest")
        text = world.post.taken[0].get_body(("plain",)).get_content()
        assert "une solution est proposée" in text
        assert "informations" not in text


async def told(world: World, *letters: str) -> None:
    """These letters have left, and no other."""

    async def sent() -> bool:
        found = await kept(world, status="sent")
        return sorted(f"{one['recipient_id']}:{one['template']}" for one in found) == [*letters]

    await soon(sent)


def test_a_letter_on_what_was_opened_leaves_whatever_comes_after():
    letter: Letter = on_ticket_opened(opened())
    assert (letter.subject_id, letter.rank) == ("", 0)
