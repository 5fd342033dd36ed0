"""What belongs to a person alone: files, exports, and the right to be forgotten."""

from dataclasses import dataclass
from typing import Self

from fastapi import APIRouter

from kit.bus import Subscriptions
from kit.personal import Personal
from kit.robots import Robots
from kit.service import Service
from kit.workers import Job
from services.users.api.attachments import personal_attachment_routes
from services.users.api.letters import Letters
from services.users.api.personal import erasure_routes, export_routes
from services.users.attachments import PersonalAttachments
from services.users.erasing import Erasing
from services.users.exporting import Exporting
from services.users.identity import Identity
from services.users.keeping import personal
from services.users.membership import Membership
from services.users.settings import UsersSettings


@dataclass(frozen=True, slots=True)
class Own:
    attachments: PersonalAttachments
    exporting: Exporting
    kept: Personal
    erasing: Erasing

    @classmethod
    def of(
        cls, service: Service[UsersSettings], identity: Identity, membership: Membership
    ) -> Self:
        attachments = PersonalAttachments.of(service, identity.accounts)
        exporting = Exporting.of(service, identity, attachments)
        kept = personal(service, identity, membership, attachments, exporting)
        erasing = Erasing(identity, kept.erasures, service.settings)
        return cls(attachments, exporting, kept, erasing)

    def routes(self) -> tuple[APIRouter, ...]:
        identity, settings = self.erasing.identity, self.erasing.settings
        letters = Letters(identity, settings)
        robots = Robots(identity.efforts, settings, whose="users")
        return (
            personal_attachment_routes(self.attachments),
            export_routes(self.exporting),
            erasure_routes(self.erasing, letters, robots),
        )

    def hear(self, on: Subscriptions) -> Subscriptions:
        self.exporting.hear(on)
        return on

    def jobs(self) -> list[Job]:
        return [
            *self.attachments.jobs(),
            *self.exporting.jobs(self.kept),
            *self.kept.jobs(),
            self.erasing,
        ]
