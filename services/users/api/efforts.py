"""The proof of work that open forms ask for."""

from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from kit.http import Anyone
from services.users.robots import Robots


class Effort(BaseModel):
    """
    A challenge to be solved by a machine; nobody has to read or to click anything.

    Try `number` 0, 1, 2, … until the SHA-256 of `challenge:number`, as text, begins with `bits`
    zero bits. Send both with the form: they are good once.
    """

    challenge: str
    bits: int = Field(description="0: forms need no proof of work here")
    expires_at: datetime


def effort_routes(robots: Robots) -> APIRouter:
    routes = APIRouter(prefix="/v1/effort", tags=["accounts"])

    @routes.get("")
    async def challenge(caller: Anyone, response: Response) -> Effort:
        """What to solve before sending a form that anybody may send."""
        text, bits, until = robots.challenge()
        response.headers["Cache-Control"] = "no-store"
        return Effort(challenge=text, bits=bits, expires_at=until)

    return routes
