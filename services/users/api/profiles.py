"""An account as its owner sees it, in the blocks of the page (ACC-02), and the form to edit it."""

from dataclasses import asdict
from datetime import datetime
from functools import cache
from typing import Annotated, Literal
from zoneinfo import available_timezones

from babel import Locale
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from contracts.users import NotificationPreferences, QuietHours, Rhythm
from kit.addresses import Email
from kit.http import Said
from kit.one_line import one_line
from services.users import catalogue
from services.users.api.fields import Name, Password
from services.users.domain import second_factor
from services.users.domain.accounts import Account, PostalAddress
from services.users.domain.profiles import Profile
from services.users.domain.second_factor import Method

Language = Literal["fr", "en"]
NO_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
"""Two letters that the list of names has beside those of countries."""


def _known_zone(name: str) -> str:
    if name not in _zones():
        raise ValueError("No time zone has this name.")
    return name


def _known_country(code: str) -> str:
    if code not in Locale("fr").territories or code in NO_COUNTRIES:
        raise ValueError("No country has this code.")
    return code


def _known_applications(chosen: dict[str, Rhythm]) -> dict[str, Rhythm]:
    if unknown := chosen.keys() - _applications():
        raise ValueError(f"No such application: {', '.join(sorted(unknown))}")
    return chosen


def _lasting(quiet: QuietHours) -> QuietHours:
    if quiet.begin == quiet.end:
        raise ValueError("Quiet hours end at another time than they begin.")
    return quiet


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


@cache
def _applications() -> frozenset[str]:
    return frozenset(catalogue.read())


class Address(Said):
    line: Annotated[str, one_line(255)]
    complements: tuple[Annotated[str, one_line(255)], ...] = Field((), max_length=2)
    postcode: Annotated[str, one_line(20, pattern=r"^[0-9A-Za-z -]+$")]
    city: Annotated[str, one_line(100)]
    country: Annotated[
        str,
        StringConstraints(pattern=r"^[A-Z]{2}$"),
        AfterValidator(_known_country),
        Field(description="ISO 3166, two letters"),
    ]


class Named(BaseModel):
    first_name: Name
    last_name: Name
    address: Address | None = None


class Personal(Said, Named):
    contact_email: Email | None = Field(None, description="Where letters go; else the login")


class Notifications(Said):
    rhythm: Rhythm = Field(
        "immediate",
        description="Of each application not named below. The statuses of invoices come daily even "
        "where this is `immediate`; `never` stops all but the letters about the account itself.",
    )
    applications: Annotated[dict[str, Rhythm], AfterValidator(_known_applications)] = Field(
        {}, max_length=100
    )
    weekly_recap: bool = Field(
        True, description="Of the movements on one's structures; none with the rhythm `never`"
    )
    quiet_hours: Annotated[QuietHours, AfterValidator(_lasting)] | None = Field(
        None, description="Each day in `time_zone`; letters that can wait leave when they end"
    )


class Parameters(Said):
    language: Language
    time_zone: Annotated[str, AfterValidator(_known_zone), Field(max_length=64)]
    notifications: Notifications


class NewProfile(Said):
    """All of it: what is left out goes back to its default, or is asked for."""

    personal: Personal
    parameters: Parameters
    current_password: Password | None = Field(
        None, description="Asked for where letters are to go to another contact address"
    )

    def profile(self) -> Profile:
        personal, parameters = self.personal, self.parameters
        address = personal.address
        return Profile(
            first_name=personal.first_name,
            last_name=personal.last_name,
            address=PostalAddress(**address.model_dump()) if address else None,
            language=parameters.language,
            time_zone=parameters.time_zone,
            notifications=NotificationPreferences(**parameters.notifications.model_dump()),
        )


class MyPersonal(Named):
    contact_email: str = Field(description="Where letters go: the login unless chosen otherwise")
    awaited_contact_email: str | None = Field(description="Chosen, and not proved yet")


class Security(BaseModel):
    awaited_email: str | None = Field(description="The login asked for, and not proved yet")
    second_factor: Method | None
    recovery_codes: int = Field(description="How many are left")
    secret_question: str | None


class MyAccount(BaseModel):
    id: str
    email: str = Field(description="What you sign in with")
    operator: bool
    personal: MyPersonal
    parameters: Parameters
    security: Security


def shown(account: Account, *, operator: bool, now: datetime) -> MyAccount:
    awaited = {link.purpose: link.email for link in account.outstanding(now)}
    # Not validated: what was kept once must be shown, whatever is accepted today.
    return MyAccount.model_construct(
        id=account.id,
        email=account.email,
        operator=operator,
        personal=MyPersonal.model_construct(
            first_name=account.first_name,
            last_name=account.last_name,
            contact_email=account.written_to,
            awaited_contact_email=awaited.get("contact-confirmation"),
            address=Address.model_construct(**asdict(account.address)) if account.address else None,
        ),
        parameters=Parameters.model_construct(
            language=account.language,
            time_zone=account.time_zone,
            notifications=Notifications.model_construct(**dict(account.notifications)),
        ),
        security=Security(
            awaited_email=awaited.get("login-confirmation"),
            second_factor=second_factor.method(account),
            recovery_codes=len(account.recovery_codes),
            secret_question=account.secret_question.question if account.secret_question else None,
        ),
    )
