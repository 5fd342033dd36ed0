"""What only this installation can tell of codes: secrets of apps, and the codes of letters."""

from cryptography.fernet import Fernet, MultiFernet
from pydantic import SecretStr

from kit.links import code_of


class Codes:
    """Secrets are sealed with the first key, and unsealed with whichever sealed them."""

    def __init__(self, second_factor_keys: SecretStr, link_key: SecretStr) -> None:
        keys = second_factor_keys.get_secret_value().split(",")
        self._seal = MultiFernet([Fernet(key.strip()) for key in keys])
        self._link_key = link_key.get_secret_value()

    def seal(self, secret: str) -> str:
        return self._seal.encrypt(secret.encode()).decode()

    def unseal(self, secret: str) -> str:
        return self._seal.decrypt(secret).decode()

    def code_of(self, user_id: str, nonce: str) -> str:
        return code_of(self._link_key, user_id=user_id, nonce=nonce)
