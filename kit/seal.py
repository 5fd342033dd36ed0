"""Sealing what only one reader may open: JWE for a key that is made for one occasion."""

import gzip
import json
from collections.abc import Sequence

from joserfc import jwe
from joserfc.jwk import OKPKey

PIECE = 400_000
"""Bytes before they are sealed: what comes of it fits into an event."""
_ALGORITHMS = ("ECDH-ES", "A256GCM")


class _Pieces(jwe.JWERegistry):
    max_ciphertext_length = 2 * PIECE


def new_key() -> tuple[str, str]:
    """The private key, to be kept, and the public one, to be told: each as JWK."""
    key = OKPKey.generate_key("X25519")
    return _json(key, private=True), _json(key, private=False)


def seal(text: bytes, key: str) -> list[str]:
    """Pieces that say nothing without the private key; at least one."""
    packed, public = gzip.compress(text, mtime=0), _key(key)
    header = {"alg": "ECDH-ES", "enc": "A256GCM"}
    starts = range(0, len(packed), PIECE)
    registry = _Pieces(algorithms=_ALGORITHMS)
    return [
        jwe.encrypt_compact(header, packed[at : at + PIECE], public, registry=registry)
        for at in starts
    ]


def unseal(pieces: Sequence[str], key: str) -> bytes:
    """What was sealed; all pieces, in order. Raises JoseError or OSError if it is not whole."""
    private, registry = _key(key), _Pieces(algorithms=_ALGORITHMS)
    opened = (jwe.decrypt_compact(one, private, registry=registry).plaintext for one in pieces)
    return gzip.decompress(b"".join(one or b"" for one in opened))


def _key(written: str) -> OKPKey:
    return OKPKey.import_key(json.loads(written))


def _json(key: OKPKey, *, private: bool) -> str:
    return json.dumps(key.as_dict(private=private))
