"""How a structure sends and receives, and what public ones ask of senders. Pure."""

from dataclasses import dataclass
from typing import Final, Literal

from contracts.structures import Requires

JusticeCategory = Literal[
    "accounting",
    "aeronautics",
    "automobile",
    "ballistics",
    "computing",
    "construction",
    "fire",
    "maritime",
    "technical-works",
    "other",
]
"""What a justice provider is an expert of."""

JusticeRegime = Literal["cosp", "independent"]
"""An occasional assistant of the public service, or independent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edi:
    """How a structure is connected."""

    receives_life_cycles: bool = False
    sends_flows: bool = False
    connection_requested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """What a public structure asks of those who send to it; a private one asks nothing."""

    unit_required: bool = False
    engagement_required: bool = False
    unit_or_engagement: bool = False
    """One of the two is enough, whatever the two flags above say."""
    moa: bool = False
    """A project owner takes part when works are invoiced."""
    moa_only: bool = False
    payment_status_withheld: bool = False
    delegated_validator: bool = False

    @property
    def requires(self) -> Requires:
        if self.unit_or_engagement:
            return "unit_or_engagement"
        return _REQUIRES[self.unit_required, self.engagement_required]


_REQUIRES: Final[dict[tuple[bool, bool], Requires]] = {
    (True, True): "unit_and_engagement",
    (True, False): "unit",
    (False, True): "engagement",
    (False, False): "none",
}

NOT_CONNECTED: Final = Edi()
NOTHING_ASKED: Final = Flags()
