"""All that users answers of managing structures, handing them over, and leaving."""

from fastapi import APIRouter

from kit.robots import Robots
from services.users.api.deactivations import deactivation_routes
from services.users.api.letters import Letters
from services.users.api.transfers import transfer_routes
from services.users.api.vacancies import vacancy_routes
from services.users.claiming import Claiming
from services.users.managed import Managed
from services.users.managing import Managing
from services.users.passwords import Passwords


def management_routes(
    managing: Managing, claiming: Claiming, passwords: Passwords
) -> tuple[APIRouter, ...]:
    identity, settings = managing.identity, managing.settings
    letters, robots = Letters(identity, settings), Robots(identity.efforts, settings, whose="users")
    return (
        transfer_routes(managing, Managed(managing.membership, identity)),
        deactivation_routes(managing, letters, robots, passwords),
        vacancy_routes(claiming),
    )
