"""How a device is called."""

import pytest

from services.users.domain.devices import LONGEST, label

KHTML = "AppleWebKit/537.36 (KHTML, like Gecko)"
CHROME = f"Mozilla/5.0 (Linux; Android 10; K) {KHTML} Chrome/131.0.0.0 Mobile Safari/537.36"
EDGE = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {KHTML} Chrome/131.0 Safari/537.36 Edg/131.0"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"
SAFARI = f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) {KHTML} Version/18.1 Safari/604.1"


@pytest.mark.parametrize(
    ("user_agent", "called"),
    [
        (CHROME, "Chrome, Android"),
        (EDGE, "Edge, Windows"),
        (FIREFOX, "Firefox, Linux"),
        (SAFARI, "Safari, iPhone"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("Firefox/1", "Firefox"),
        ("", ""),
        ("   ", ""),
        ("x" * 500, "x" * LONGEST),
        ("a\x1b[2J b", "a[2J"),
    ],
)
def test_a_device_is_known_by_its_browser_and_system(user_agent: str, called: str):
    assert label(user_agent) == called
