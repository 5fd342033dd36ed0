"""The keys of one installation."""

import json
from collections.abc import Iterable
from pathlib import Path
from secrets import token_hex, token_urlsafe

from cryptography.fernet import Fernet
from joserfc.jwk import OKPKey


def make(folder: Path) -> None:
    """Keys of this installation alone, made once; each is a file that only its owner reads."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in ("internal_key", "link_key"):
        _keep(folder / f"chorale_{name}", token_urlsafe(32))
    _keep(folder / "chorale_second_factor_keys", Fernet.generate_key().decode())
    _keep(folder / "chorale_oidc_providers", "[]")  # Theirs to give, with secrets of their own.
    private = folder / "chorale_access_private_key"
    public = folder / "chorale_access_public_key"
    if not (private.exists() and public.exists()):
        key = OKPKey.generate_key("Ed25519")
        for half in (private, public):
            half.unlink(missing_ok=True)
        _keep(private, json.dumps(key.as_dict(private=True)))
        _keep(public, json.dumps(key.as_dict(private=False)))


def make_passwords(folder: Path, services: Iterable[str]) -> None:
    """
    What services, brokers and databases know one another by.

    ``<folder>/<name>`` is what one of them is told, and ``admin`` whoever lets them in.
    """
    for name in ("admin", *services):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
        for server in ("kafka", "mongo"):
            _keep(folder / name / f"chorale_{server}_password", token_urlsafe(32))
    _keep(folder / "kafka_broker_password", token_urlsafe(32))
    _keep(folder / "mongo_keyfile", token_hex(64))


def _keep(file: Path, secret: str) -> None:
    if file.exists():
        return
    partial = file.with_suffix(".new")
    partial.touch(mode=0o600)
    partial.write_text(secret)
    partial.replace(file)
