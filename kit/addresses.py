"""E-mail addresses in the one spelling under which they are known."""

from typing import Annotated

from email_validator import validate_email
from pydantic import AfterValidator, StringConstraints, WithJsonSchema


def normalised(written: str) -> str:
    """
    The one spelling under which an address is known, however it was typed; raises ValueError.

    The domain as it is looked up (IDNA 2008): folded otherwise, it would be somebody else's.
    """
    # Few servers deliver to a name with an accent before the @: no letter would come, ever.
    known = validate_email(written.strip(), check_deliverability=False, allow_smtputf8=False)
    return f"{known.local_part}@{known.ascii_domain}".lower()


Email = Annotated[
    str,
    StringConstraints(max_length=254, strip_whitespace=True),
    AfterValidator(normalised),
    WithJsonSchema({"type": "string", "format": "email", "maxLength": 254}),
]
