"""The espaces there are, what each opens, and who has which from the start."""

from collections import Counter
from pathlib import Path
from typing import get_args

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

from contracts.users import Habilitation, Role
from services.users.catalogue import Catalogue
from services.users.domain.espaces import Espace, Offer, Standing
from services.users.domain.rattachements import Defaults
from services.users.settings import DefaultSet

OURS = Path(__file__).with_name("espaces.yaml")


class Written(BaseModel):
    """One espace, as the file has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    applications: tuple[str, ...] = ()
    given: tuple[Standing, ...] = ()
    fixed: bool = False


def read(catalogue: Catalogue, default_set: DefaultSet, path: str = "") -> Offer:
    """The espaces in a file; without one, ours. Raises ValueError for what cannot be told apart."""
    text = (Path(path) if path else OURS).read_text("utf-8")
    written = TypeAdapter(dict[str, Written]).validate_python(yaml.safe_load(text))
    named = Counter(name for one in written.values() for name in one.applications)
    if unknown := named.keys() - catalogue.keys():
        raise ValueError(f"No application of the catalogue: {', '.join(sorted(unknown))}")
    if twice := [name for name, times in named.items() if times > 1]:
        raise ValueError(f"In more than one espace: {', '.join(twice)}")
    return {
        code: Espace(
            code=code,
            name=one.name,
            habilitations=tuple(
                Habilitation(application=name, level=level)
                for name in one.applications
                for level in catalogue[name].levels
            ),
            given_to=one.given,
            fixed=one.fixed,
            open=one.fixed or default_set == "applications" or bool(one.given),
        )
        for code, one in written.items()
    }


def defaults(offer: Offer) -> Defaults:
    """What each role may do in a new rattachement, where espaces say so (ESP-02..04)."""
    return {
        role: tuple(
            one
            for espace in offer.values()
            if role in espace.given_to
            for one in espace.habilitations
        )
        for role in get_args(Role)
    }
