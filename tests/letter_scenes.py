"""The scenes of letters, as operators see them: see tests/scenes.py."""

from tests.scenes import Asked, Cast, as_it_is, scene

TEMPLATES = "/v1/ops/letter-templates"

as_it_is(f"GET {TEMPLATES}")


@scene(f"GET {TEMPLATES}/{{template}}/preview")
async def preview_a_letter(cast: Cast, role: str) -> Asked:
    return Asked(f"{TEMPLATES}/activation/preview?language=en", cast.people[role])
