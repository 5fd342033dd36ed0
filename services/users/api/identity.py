"""All that the account side of users answers."""

from fastapi import APIRouter

from kit.robots import Robots
from services.users.api.accounts import account_routes
from services.users.api.addresses import address_routes
from services.users.api.clients import client_routes
from services.users.api.letters import Letters
from services.users.api.me import own_account_routes
from services.users.api.oidc import Arrivals, linked_identity_routes, oidc_routes
from services.users.api.password_resets import password_reset_routes
from services.users.api.second_factor import second_factor_routes
from services.users.api.sessions import Issuing, session_routes
from services.users.api.tokens import token_routes
from services.users.api.unsubscriptions import unsubscription_routes
from services.users.codes import Codes
from services.users.identity import Identity
from services.users.passwords import Passwords
from services.users.proving import Proving
from services.users.settings import UsersSettings
from services.users.signing_in import Door
from services.users.tokens import Signer


def identity_routes(
    identity: Identity, settings: UsersSettings, passwords: Passwords
) -> tuple[APIRouter, ...]:
    letters, signer = Letters(identity, settings), Signer(settings.access_private_key)
    codes = Codes(settings.second_factor_keys, settings.link_key)
    door = Door(identity, passwords, signer, codes, settings)
    issuing = Issuing(signer, settings)
    robots = Robots(identity.efforts, settings, whose="users")
    proving = Proving(identity, passwords, settings)
    return (
        robots.routes("/v1/effort", "accounts"),
        account_routes(identity, letters, robots, passwords, settings),
        address_routes(identity, settings),
        own_account_routes(identity, letters, proving, settings),
        password_reset_routes(identity, letters, robots, proving, settings),
        session_routes(identity, door, issuing, settings),
        oidc_routes(Arrivals(identity, door, settings), issuing),
        linked_identity_routes(identity),
        second_factor_routes(identity, codes, proving, settings),
        client_routes(identity.clients, settings),
        token_routes(identity.clients, signer, settings),
        unsubscription_routes(identity, settings),
    )
