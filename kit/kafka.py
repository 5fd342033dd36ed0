"""How our processes reach Kafka: signed in, and encrypted, where the settings say so."""

import ssl
from typing import Any

from faststream.kafka.security import parse_security
from faststream.security import BaseSecurity, SASLScram512

from kit.settings import Connections


def security(settings: Connections) -> BaseSecurity:
    """As FastStream takes it."""
    context = None
    if settings.kafka_tls:
        context = ssl.create_default_context(cafile=settings.kafka_ca or None)
    if not settings.kafka_user:
        return BaseSecurity(ssl_context=context)
    password = settings.kafka_password.get_secret_value()
    return SASLScram512(settings.kafka_user, password, ssl_context=context)


def secured(settings: Connections) -> dict[str, Any]:
    """As clients of aiokafka take it."""
    return parse_security(security(settings))
