import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from joserfc.jwk import OKPKey

from kit.person import Erasure
from kit.robots import Robots
from kit.service import Service
from kit.tasks import ended
from kit.workers import GRACE
from services.users.api.deactivations import deactivation_routes
from services.users.api.identity import identity_routes
from services.users.api.letters import Letters
from services.users.api.personal import erasure_routes
from services.users.erasing import Erasing
from services.users.identity import CREDENTIALS, Identity
from services.users.main import build
from services.users.managing import Managing
from services.users.membership import Membership
from services.users.settings import UsersSettings
from tests.conftest import settings_for
from tests.forgetting import forget_all
from tests.ports import free_ports
from tests.stub_provider import REDIRECT, a_stub, said_of
from tests.users.belongings import Belongings
from tests.users.hall import Hall, a_hall, opened
from tests.users.house import CountedPasswords, House

KEY = json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True))


@pytest.fixture(scope="session")
async def built_house(mongo_url: str) -> AsyncIterator[House]:
    settings = UsersSettings(
        **settings_for(
            mongo_url, access_private_key=KEY, operators="Chef@example.org, x@y.fr", effort_bits=4
        )
    )
    service = Service("users", settings)
    identity, passwords = Identity.of(service), CountedPasswords()
    letters, robots = Letters(identity, settings), Robots(identity.efforts, settings, whose="users")
    managing = Managing(Membership.of(service), identity, settings, {})
    erasing = Erasing(identity, service.collection("erasures", Erasure), settings)
    app = service.app(
        *identity_routes(identity, settings, passwords),
        deactivation_routes(managing, letters, robots, passwords),
        erasure_routes(erasing, letters, robots),
        credentials=CREDENTIALS,
    )
    await service.prepare()
    keeping = asyncio.create_task(service.committer.run())
    yield House(app, service, identity, settings, passwords)
    await ended([keeping], again=GRACE + 2)
    await service.mongo.drop()
    await service.mongo.close()


@pytest.fixture
async def house(built_house: House) -> House:
    """Built once and emptied for each test: building it again takes longer than most tests."""
    await forget_all(built_house.service)
    return built_house


@pytest.fixture(scope="session")
async def built_belongings(mongo_url: str) -> AsyncIterator[Belongings]:
    [port] = free_ports(1)
    async with a_stub(port) as provider:
        settings = UsersSettings(
            **settings_for(
                mongo_url,
                access_private_key=KEY,
                oidc_providers=[said_of(provider.url)],
                oidc_redirect_uris=f"https://other.example.org/, {REDIRECT}",
                personal_files_most=5,
                unscanned_files=True,
            )
        )
        service = Service("users", settings)
        app = build(service)
        await service.prepare()
        keeping = asyncio.create_task(service.committer.run())
        yield Belongings(app, service, provider)
        await ended([keeping], again=GRACE + 2)
        await service.mongo.drop()
        await service.mongo.close()


@pytest.fixture
async def belongings(built_belongings: Belongings) -> Belongings:
    """As with the house: built once, and emptied for each test."""
    built_belongings.provider.forget()
    files = [
        f"{of}.{part}"
        for of in ("attachments", "exports")
        for part in ("files", "chunks", "unsettled")
    ]
    await forget_all(built_belongings.service, *files)
    return built_belongings


@pytest.fixture(scope="session")
async def built_hall(mongo_url: str) -> AsyncIterator[Hall]:
    async with a_hall(mongo_url) as hall:
        yield hall


@pytest.fixture
async def hall(built_hall: Hall) -> Hall:
    return await opened(built_hall)
