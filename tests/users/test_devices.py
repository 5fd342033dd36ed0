"""How a device is called."""

import pytest

from services.users.domain.devices import LONGEST, label

MOZILLA = "Mozilla/5.0"


@pytest.mark.parametrize(
    ("user_agent", "called"),
    [
        (
            f"{MOZILLA} (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
            "Edge, Windows",
        ),
        (f"{MOZILLA} (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox, Linux"),
        (
            f"{MOZILLA} (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
            "Safari, iPhone",
        ),
        (
            f"{MOZILLA} (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/131.0.0.0 Mobile Safari/537.36",
            "Chrome, Android",
        ),
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
