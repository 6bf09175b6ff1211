"""Every setting, read and checked once. A bad one stops the start and is named, never shown."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from tracking.pro.client import base_url

LIVE_URL = "https://api.sorted.com/pro"

Privacy = Literal["doorstep", "strict", "open"]

_T = TypeVar("_T")
_LOOPBACK = re.compile(r"localhost|127\.[0-9.]+|::1")
_ORIGIN = re.compile(r"https://(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[0-9]{1,5})?", re.ASCII)
_LOOPBACK_ORIGIN = re.compile(r"http://(?:localhost|127\.0\.0\.1)(?::[0-9]{1,5})?", re.ASCII)
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class BadSettings(ValueError):
    """The environment cannot be used; the message names each setting and says what it takes."""


@dataclass(frozen=True)
class Settings:
    """What the environment says. No key means demo data: the embedded simulator answers."""

    host: str
    port: int
    web_concurrency: int
    pro_api_url: str
    pro_api_key: str
    pro_deadline: float
    embed_origins: tuple[str, ...]
    privacy: Privacy
    retailer_name: str
    contact_url: str
    timezone: ZoneInfo
    quiet_hours: int
    log_level: str

    @property
    def demo(self) -> bool:
        """Whether the data is made up."""
        return not self.pro_api_key

    def __repr__(self) -> str:
        return f"Settings(demo={self.demo})"  # never the key


class _Reader:
    """Reads settings one by one and keeps what is wrong with them, to tell it all at once."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.wrong: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        return self._environ.get(name, "").strip() or default

    def secret(self, name: str) -> str:
        path = self.text(f"{name}_FILE")
        if not path or self.text(name):
            return self.text(name)
        try:
            secret = Path(path).read_text("utf-8").strip()
        except (OSError, UnicodeError):
            secret = ""
        self.check(bool(secret), f"{name}_FILE", "must name a file that holds the secret")
        return secret

    def read(self, name: str, default: str, takes: str, parse: Callable[[str], _T]) -> _T:
        try:
            return parse(self.text(name, default))
        except (ValueError, KeyError, OSError):
            self.wrong.append(f"{name}: must be {takes}")
            return parse(default)

    def check(self, right: bool, name: str, takes: str) -> None:
        if not right:
            self.wrong.append(f"{name}: {takes}")


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read all settings from an environment.

    Raises BadSettings. The table in README.md says what each is for.
    """
    reader = _Reader(environ)
    key = reader.secret("PRO_API_KEY")
    url = reader.read(
        "PRO_API_URL", LIVE_URL if key else "", "an address like https://host/pro", _address
    )
    demo = reader.read("DEMO", "1", "0 or 1", _between(0, 1))
    insecure = reader.read("PRO_ALLOW_HTTP", "0", "0 or 1", _between(0, 1))
    _check_account(reader, url, key, demo=bool(demo), insecure=bool(insecure))
    settings = Settings(
        host=reader.text("HOST", "127.0.0.1"),
        port=reader.read("PORT", "8000", "a port from 1 to 65535", _between(1, 65535)),
        web_concurrency=reader.read("WEB_CONCURRENCY", "1", "1 or more", _between(1, 256)),
        pro_api_url=url,
        pro_api_key=key,
        pro_deadline=reader.read("PRO_DEADLINE", "2.5", "seconds from 0.1 to 30", _seconds),
        embed_origins=reader.read(
            "EMBED_ORIGINS", "", "origins like https://shop.example, with blanks between", _origins
        ),
        privacy=reader.read("PRIVACY", "doorstep", "doorstep, strict or open", _privacy),
        retailer_name=reader.read("RETAILER_NAME", "", "a name that can be shown", _shown),
        contact_url=reader.read("CONTACT_URL", "", "an https or mailto address", _contact),
        timezone=reader.read("TIMEZONE", "UTC", "a time zone like Europe/London", ZoneInfo),
        quiet_hours=reader.read("QUIET_HOURS", "72", "hours from 1 to 720", _between(1, 720)),
        log_level=reader.read("LOG_LEVEL", "INFO", ", ".join(_LOG_LEVELS), _log_level),
    )
    if reader.wrong:
        raise BadSettings("\n".join(reader.wrong))
    return settings


def _check_account(reader: _Reader, url: str, key: str, *, demo: bool, insecure: bool) -> None:
    parts = urlsplit(url)
    private = parts.scheme == "https" or _LOOPBACK.fullmatch(parts.hostname or "") or insecure
    reader.check(
        not parts.scheme or bool(private),
        "PRO_API_URL",
        "must be https, for the key travels with each call (PRO_ALLOW_HTTP=1 permits http)",
    )
    reader.check(
        key.isascii() and key.isprintable() and " " not in key,
        "PRO_API_KEY",
        "must be printable ASCII without blanks",
    )
    reader.check(bool(key) or not url, "PRO_API_KEY", "is missing, but PRO_API_URL is set")
    reader.check(bool(key) or demo, "PRO_API_KEY", "is missing, and DEMO=0 forbids demo data")


def _address(text: str) -> str:
    return base_url(text) if text else ""


def _between(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        number = int(text) if re.fullmatch("[0-9]{1,9}", text) else least - 1
        if not least <= number <= most:
            raise ValueError(text)
        return number

    return parse


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.1 <= seconds <= 30:
        raise ValueError(text)
    return seconds


def _origins(text: str) -> tuple[str, ...]:
    """Origins that may frame `/embed`: exact ones or all hosts under one, and loopback's."""
    origins = tuple(text.split())
    if not all(_ORIGIN.fullmatch(one) or _LOOPBACK_ORIGIN.fullmatch(one) for one in origins):
        raise ValueError(text)
    return origins


def _privacy(text: str) -> Privacy:
    modes: dict[str, Privacy] = {"doorstep": "doorstep", "strict": "strict", "open": "open"}
    return modes[text]


def _shown(text: str) -> str:
    if not text.isprintable():
        raise ValueError(text)
    return text


def _contact(text: str) -> str:
    if text and not text.startswith(("https://", "mailto:")):
        raise ValueError(text)
    return text


def _log_level(text: str) -> str:
    return _LOG_LEVELS[_LOG_LEVELS.index(text.upper())]
