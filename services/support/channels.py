"""How people reach support beside the form of a ticket: each way ends in a ticket."""

from dataclasses import dataclass
from typing import Self

from fastapi import APIRouter

from kit import robots
from kit.attempts import Attempts
from kit.bus import Subscriptions
from kit.clock import now
from kit.collection import Ask, Collection
from kit.mongo import IndexModel
from kit.robots import Robots, SpentEffort
from kit.service import Service
from kit.workers import Job, Timer
from services.support import articles, themes
from services.support.api.assistant import assistant_routes
from services.support.api.exchanges import exchange_routes
from services.support.api.incoming_letters import incoming_letter_routes
from services.support.api.portal import portal_routes
from services.support.api.public_tickets import public_ticket_routes
from services.support.api.requests import request_routes
from services.support.consulting import Consulting
from services.support.conversing import Conversing
from services.support.correspondence import Correspondence
from services.support.domain.exchanges import Exchange, Seat
from services.support.domain.forms import Form
from services.support.domain.incoming import Filing, require_fitting
from services.support.domain.requests import Request
from services.support.granting import Granting
from services.support.settings import SupportSettings
from services.support.views.lines import Lines
from services.support.waiting import Waiting
from services.support.writing import Writing

OLDEST_FIRST = [("started_at", 1), ("_id", 1)]


@dataclass(frozen=True, slots=True)
class Channels:
    efforts: Collection[SpentEffort]
    robots: Robots
    correspondence: Correspondence
    granting: Granting
    conversing: Conversing
    writing: Writing
    filing: Filing
    """Of letters to the desk."""

    @classmethod
    def of(cls, service: Service[SupportSettings], writing: Writing) -> Self:
        settings, records = service.settings, writing.records
        require_fitting(settings.filing, writing.catalogue)
        efforts = service.collection("efforts", SpentEffort)
        requests = service.collection("requests", Request, indexes=[IndexModel("person_id")])
        exchanges = service.collection(
            "exchanges",
            Exchange,
            indexes=[IndexModel([("state", 1), *OLDEST_FIRST]), IndexModel("user_id")],
        )
        return cls(
            efforts=efforts,
            robots=Robots(efforts, settings, whose="support"),
            correspondence=Correspondence(
                service,
                records,
                service.collection("forms", Form),
                service.collection("form-letters", Attempts),
                requests,
                writing.catalogue,
            ),
            granting=Granting(
                service.committer, records, requests, writing.reaching.rights, settings.timing
            ),
            conversing=Conversing(
                exchanges,
                service.collection("seats", Seat),
                writing,
                Waiting(exchanges, most=settings.exchange_waits_most),
                themes.read(writing.catalogue),
                settings,
            ),
            writing=writing,
            filing=settings.filing,
        )

    def routes(self, lines: Lines, consulting: Consulting) -> list[APIRouter]:
        return [
            portal_routes(self.conversing, lines),
            assistant_routes(articles.read(), self.writing),
            exchange_routes(self.conversing, consulting),
            self.robots.routes("/v1/public-tickets/effort", "support"),
            public_ticket_routes(self.correspondence, self.robots),
            incoming_letter_routes(self.correspondence, self.filing),
            request_routes(self.granting, self.writing, consulting),
        ]

    def hear(self, on: Subscriptions) -> Subscriptions:
        return self.granting.hear(on)

    def jobs(self) -> list[Job]:
        return [
            Timer(self.efforts, wake=self._forget_effort),
            *self.correspondence.jobs(),
            *self.granting.jobs(),
            *self.conversing.jobs(),
        ]

    def _forget_effort(self, over: SpentEffort) -> Ask:
        at = now()
        return self.efforts.ask(over.id, lambda current: robots.forget(current, now=at))
