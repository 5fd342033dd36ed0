"""The keys of one installation."""

import json
from pathlib import Path
from secrets import token_urlsafe

from joserfc.jwk import OKPKey


def make(folder: Path) -> None:
    """Keys of this installation alone, made once; each is a file that only its owner reads."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in ("internal_key", "link_key"):
        _keep(folder / f"chorale_{name}", token_urlsafe(32))
    private = folder / "chorale_access_private_key"
    public = folder / "chorale_access_public_key"
    if not (private.exists() and public.exists()):
        key = OKPKey.generate_key("Ed25519")
        for half in (private, public):
            half.unlink(missing_ok=True)
        _keep(private, json.dumps(key.as_dict(private=True)))
        _keep(public, json.dumps(key.as_dict(private=False)))


def _keep(file: Path, secret: str) -> None:
    if file.exists():
        return
    partial = file.with_suffix(".new")
    partial.touch(mode=0o600)
    partial.write_text(secret)
    partial.replace(file)
