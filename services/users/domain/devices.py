"""A name for a device by which its owner knows it again, and nothing that follows them about."""

BROWSERS = {
    "Edg/": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
"""In this order: most of them also say that they are those below."""

SYSTEMS = {
    "Windows": "Windows",
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}
LONGEST = 40
"""Of what is no browser: the first word of its User-Agent."""


def label(user_agent: str) -> str:
    browser = next((name for mark, name in BROWSERS.items() if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS.items() if mark in user_agent), "")
    if browser:
        return f"{browser}, {system}" if system else browser
    first = "".join(c for c in user_agent[:LONGEST] if c.isprintable()).split()
    return first[0] if first else ""
