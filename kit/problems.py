"""Refusals that were foreseen. Pure: no word of HTTP but the status each kind has."""

import re
from http import HTTPStatus
from typing import Any, ClassVar


class Problem(Exception):
    """
    A refusal that was foreseen (RFC 9457).

    Subclass one of the kinds below, beside the function that raises it. The class name is the
    problem's type, its docstring the title, its message the detail, its keyword arguments
    extension members. ``field`` names the wrong field of the body or query, if there is one.
    """

    status: ClassVar[HTTPStatus]
    retry_after: int | None = None

    def __init__(self, detail: str = "", *, field: str = "", **members: Any) -> None:
        super().__init__(detail)
        if field:
            members["errors"] = [{"pointer": f"/{field}", "detail": detail or self.title()}]
        self.members = members

    @classmethod
    def title(cls) -> str:
        return (cls.__doc__ or "").strip().splitlines()[0]

    @classmethod
    def type(cls) -> str:
        name = re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()
        return f"/problems/{name}"

    def as_json(self) -> dict[str, Any]:
        problem = {"type": self.type(), "title": self.title(), "status": self.status.value}
        return problem | ({"detail": str(self)} if str(self) else {}) | self.members


class Invalid(Problem):
    """The request cannot be understood."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class Unauthorized(Problem):
    """Sign in first."""

    status = HTTPStatus.UNAUTHORIZED


class Forbidden(Problem):
    """The caller may not do this."""

    status = HTTPStatus.FORBIDDEN


class NotFound(Problem):
    """There is no such thing."""

    status = HTTPStatus.NOT_FOUND


class Conflict(Problem):
    """The present state does not allow this."""

    status = HTTPStatus.CONFLICT


class PreconditionFailed(Problem):
    """It has changed since it was read."""

    status = HTTPStatus.PRECONDITION_FAILED


class TooMany(Problem):
    """Too many requests: wait before the next one."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, detail: str = "", *, retry_after: int, **members: Any) -> None:
        super().__init__(detail, **members)
        self.retry_after = retry_after


class Unavailable(Problem):
    """The answer is not known yet: ask again, with the same key."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    retry_after = 1
