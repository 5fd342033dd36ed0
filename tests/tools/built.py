"""A service as it would be deployed, built without asking anything of a database or of Kafka."""

import os
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from unittest.mock import patch

from cryptography.fernet import Fernet
from fastapi import FastAPI
from joserfc.jwk import OKPKey

import services

EVERY_SERVICE = tuple(sorted(one.name for one in iter_modules(services.__path__) if one.ispkg))


@cache
def built(service: str) -> FastAPI:
    with patch.dict(os.environ, _of_nobody()):
        app: FastAPI = import_module(f"services.{service}.main").create()
    return app


@cache
def _of_nobody() -> dict[str, str]:
    key = OKPKey.generate_key("Ed25519")
    return {
        "CHORALE_INTERNAL_KEY": "of nobody, only to build a service",
        "CHORALE_LINK_KEY": "of nobody, only to build a service",
        "CHORALE_ACCESS_PRIVATE_KEY": key.as_pem(private=True).decode(),
        "CHORALE_SECOND_FACTOR_KEYS": Fernet.generate_key().decode(),
        "CHORALE_ACCESS_PUBLIC_KEY": key.as_pem(private=False).decode(),
    }
