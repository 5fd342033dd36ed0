"""What a command is measured against: a route of FastAPI with one insert_one, and nothing else."""

import os
import sys
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid1

import uvicorn
from fastapi import FastAPI
from motor.motor_asyncio import AsyncIOMotorClient
from pydantic import BaseModel

from deploy.serving import config


class Wanted(BaseModel):
    structure_id: str
    units: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None
    comment: str = ""


class Kept(Wanted):
    id: str
    status: str = "requested"
    requested_at: datetime


def create() -> FastAPI:
    app = FastAPI()
    mongo: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
        os.environ["CHORALE_MONGO"], w="majority"
    )
    requests = mongo["bare"]["requests"]

    @app.get("/livez")
    async def alive() -> None:
        pass

    @app.post("/v1/rattachements", status_code=202)
    async def ask(wanted: Wanted) -> Kept:
        kept = Kept(id=uuid1().hex, requested_at=datetime.now(UTC), **wanted.model_dump())
        document = kept.model_dump()
        await requests.insert_one({"_id": document.pop("id"), **document})
        return kept

    return app


if __name__ == "__main__":
    # Each operation of motor takes a thread: as many as our services have.
    os.environ.setdefault("MOTOR_MAX_WORKERS", "64")
    uvicorn.Server(config(create(), host="127.0.0.1", port=int(sys.argv[1]))).run()
