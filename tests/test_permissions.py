"""What docs/permissions.csv says is what the gateway and the services do."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from httpx import Response

from services.gateway.openapi import committed, merged
from services.gateway.routes import OPEN, route_for
from tests.approval_scenes import FROM_A_LETTER
from tests.gateway.doors import (
    Door,
    Upstream,
    a_door,
    a_system_token,
    an_access_token,
    an_upstream,
)
from tests.law import Action, actions, every_action
from tests.platform import refused
from tests.scenes import OWN_ACCOUNT, SCENES, Asked, Cast, Scene

FOR_SYSTEMS = ("people and systems", "systems")
FORGOTTEN = "/v1/password-resets/confirmation"
"""Of one person, whoever they are: a new password voids what others ask for meanwhile."""
PEOPLE = ("signed_in", "self", "manager", "unrelated_manager")


@pytest.fixture(scope="module")
async def upstream() -> AsyncIterator[Upstream]:
    async with an_upstream() as one:
        yield one


@pytest.fixture(scope="module")
async def door(upstream: Upstream) -> AsyncIterator[Door]:
    async with a_door(upstream) as one:
        yield one


class TestTheLaw:
    def test_speaks_of_every_path_of_the_api_and_of_no_other(self) -> None:
        paths = merged(committed())["paths"]
        described = {(m.upper(), path) for path, methods in paths.items() for m in methods}
        assert {(one.method, one.path) for one in actions()} == described

    @every_action
    def test_says_allowed_or_a_refusal(self, action: Action) -> None:
        assert {*action.answers.values()} <= {"allowed", "401", "403", "404"}

    @every_action
    def test_lets_nobody_unknown_in_but_for_credentials(self, action: Action) -> None:
        is_open = (action.method, action.path) in OPEN
        assert action.answers["anonymous"] == ("allowed" if is_open else "401")

    @every_action
    def test_names_the_scope_that_opens_an_action_to_systems(self, action: Action) -> None:
        for_systems = route_for(action.path).audience in FOR_SYSTEMS
        assert bool(action.scope) == (for_systems and action.answers["system"] != "403")


class TestTheGateway:
    """The gateway refuses what is refused whatever the thing is; the services judge the rest."""

    @every_action
    async def test_anonymous(self, action: Action, door: Door) -> None:
        answer = await door.ask(action.method, action.example)
        assert answer.status == (200 if action.answers["anonymous"] == "allowed" else 401)

    @every_action
    async def test_people(self, action: Action, door: Door) -> None:
        answer = await door.ask(action.method, action.example, token=an_access_token())
        for_others = route_for(action.path).audience in ("operators", "systems")
        assert answer.status == (403 if for_others else 200)
        assert for_others == all(action.answers[role] == "403" for role in PEOPLE)

    @every_action
    async def test_operators(self, action: Action, door: Door) -> None:
        token = an_access_token(roles=["operator"])
        answer = await door.ask(action.method, action.example, token=token)
        assert answer.status == (403 if route_for(action.path).audience == "systems" else 200)

    @every_action
    async def test_systems(self, action: Action, door: Door) -> None:
        answer = await door.ask(action.method, action.example, token=a_system_token())
        for_systems = route_for(action.path).audience in FOR_SYSTEMS
        is_open = (action.method, action.path) in OPEN
        assert answer.status == (200 if for_systems or is_open else 403)
        assert answer.status == 200 or action.answers["system"] == "403"


class TestThePlatform:
    """Each cell of the law, as somebody in that role finds it on the running platform."""

    @every_action
    def test_is_shown_every_action(self, action: Action) -> None:
        assert (action.method, action.path, action.about) in SCENES

    @every_action
    async def test_answers_as_the_law_says(self, action: Action, cast: Cast) -> None:
        for scene in SCENES[action.method, action.path, action.about]:
            asked = await scene(cast, action.role)
            refusals = [role for role, law in action.answers.items() if law != "allowed"]
            await asyncio.gather(*(is_refused(action, asked, cast, role) for role in refusals))
            # Whoever was refused has changed nothing: it can still be done.
            allowed(await cast.ask(action.method, asked), action.role)
            others = [
                r for r, law in action.answers.items() if law == "allowed" and r != action.role
            ]
            for some in [others] if each_for_itself(action) else [[role] for role in others]:
                await asyncio.gather(*(is_done(action, scene, cast, role) for role in some))


def each_for_itself(action: Action) -> bool:
    """Whether none of them meets another: what they wait for may then be waited for at once."""
    return (
        action.method == "GET" or action.about in ("", OWN_ACCOUNT, FROM_A_LETTER)
    ) and action.path != FORGOTTEN


async def is_refused(action: Action, asked: Asked, cast: Cast, role: str) -> None:
    answer = await cast.ask(action.method, replace(asked, by=cast.people[role]))
    law = int(action.answers[role])
    assert answer.status_code == law, f"{role}: {answer.text}"
    refused(answer, law)


async def is_done(action: Action, scene: Scene, cast: Cast, role: str) -> None:
    asked = await scene(cast, role)
    allowed(await cast.ask(action.method, asked), role)


def allowed(answer: Response, role: str) -> None:
    assert answer.status_code < 300, f"{role}: {answer.status_code} {answer.text}"
