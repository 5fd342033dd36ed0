"""What may differ from one installation of support to another."""

from pydantic import Field

from kit.settings import Settings


class SupportSettings(Settings):
    ticket_files_most: int = Field(default=20, ge=1, description="Files that one ticket may have, of both sides")
