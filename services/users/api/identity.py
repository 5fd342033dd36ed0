"""All that the account side of users answers."""

from fastapi import APIRouter

from services.users.api.accounts import account_routes
from services.users.api.clients import client_routes
from services.users.api.letters import Letters
from services.users.api.oidc import Arrivals, linked_identity_routes, oidc_routes
from services.users.api.password_resets import password_reset_routes
from services.users.api.second_factor import second_factor_routes
from services.users.api.sessions import Issuing, session_routes
from services.users.api.tokens import token_routes
from services.users.identity import Identity
from services.users.passwords import Passwords
from services.users.settings import UsersSettings
from services.users.signing_in import Door
from services.users.tokens import Signer


def identity_routes(
    identity: Identity, settings: UsersSettings, passwords: Passwords | None = None
) -> tuple[APIRouter, ...]:
    passwords = passwords or Passwords()
    letters, signer = Letters(identity, settings), Signer(settings.access_private_key)
    door, issuing = Door(identity, passwords, signer, settings), Issuing(signer, settings)
    return (
        account_routes(identity, letters, passwords, settings),
        password_reset_routes(identity, letters, passwords, settings),
        session_routes(identity, door, issuing, settings),
        oidc_routes(Arrivals(identity, door, settings), issuing),
        linked_identity_routes(identity.linked),
        second_factor_routes(identity, settings),
        client_routes(identity.clients),
        token_routes(identity.clients, signer, settings),
    )
