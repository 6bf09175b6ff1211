"""Every setting, read and checked once. A bad one stops the start and is named, never shown."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from tracking.carriers import Carriers, read_carriers
from tracking.environment import Reader, between
from tracking.pro.client import base_url

LIVE_URL = "https://api.sorted.com/pro"

Privacy = Literal["doorstep", "strict", "open"]

_LOOPBACK = re.compile(r"localhost|127\.[0-9.]+|::1")
_ORIGIN = re.compile(r"https://(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[0-9]{1,5})?", re.ASCII)
_LOOPBACK_ORIGIN = re.compile(r"http://(?:localhost|127\.0\.0\.1)(?::[0-9]{1,5})?", re.ASCII)
_HOST = re.compile(r"\.?[a-z0-9-]+(?:\.[a-z0-9-]+)*", re.ASCII)
_REDIS = re.compile(r"(?:rediss?|unix)://\S+")
_SHORTEST_SECRET = 32  # characters
_REFERENCE = "{reference}"
_MANY = 999_999_999
_NUMBER = "a whole number; 0 is off"
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
    pro_units_per_minute: int
    pro_units_per_day: int
    redis_url: str
    secret_key: str
    limit_lookups: int
    limit_not_found: int
    proxies: int
    allowed_hosts: tuple[str, ...]
    metrics_token: str
    embed_origins: tuple[str, ...]
    privacy: Privacy
    retailer_name: str
    contact_url: str
    carriers: Carriers
    timezone: ZoneInfo
    quiet_hours: int
    log_level: str

    @property
    def demo(self) -> bool:
        """Whether the data is made up."""
        return not self.pro_api_key

    def contact(self, reference: str = "") -> str:
        """Where a shopper gets help, with the reference that help is needed with filled in."""
        return self.contact_url.replace(_REFERENCE, quote(reference, safe=""))

    def __repr__(self) -> str:
        return f"Settings(demo={self.demo})"  # never the key


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read all settings from an environment.

    Raises BadSettings. The table in README.md says what each is for.
    """
    reader = Reader(environ)
    key = reader.secret("PRO_API_KEY")
    url = reader.read(
        "PRO_API_URL", LIVE_URL if key else "", "an address like https://host/pro", _address
    )
    demo = reader.read("DEMO", "1", "0 or 1", between(0, 1))
    insecure = reader.read("PRO_ALLOW_HTTP", "0", "0 or 1", between(0, 1))
    _check_account(reader, url, key, demo=bool(demo), insecure=bool(insecure))
    redis_url, secret_key = reader.secret("REDIS_URL"), reader.secret("SECRET_KEY")
    _check_redis(reader, redis_url, secret_key)
    settings = Settings(
        host=reader.read("HOST", "127.0.0.1", "an address like 0.0.0.0 or ::", _listened),
        port=reader.read("PORT", "8000", "a port from 1 to 65535", between(1, 65535)),
        web_concurrency=reader.read("WEB_CONCURRENCY", "1", "1 or more", between(1, 256)),
        pro_api_url=url,
        pro_api_key=key,
        pro_deadline=reader.read("PRO_DEADLINE", "2.5", "seconds from 0.1 to 30", _seconds),
        pro_units_per_minute=reader.read("PRO_UNITS_PER_MINUTE", "0", _NUMBER, between(0, _MANY)),
        pro_units_per_day=reader.read("PRO_UNITS_PER_DAY", "0", _NUMBER, between(0, _MANY)),
        redis_url=redis_url,
        secret_key=secret_key,
        limit_lookups=reader.read("LIMIT_LOOKUPS", "120", _NUMBER, between(0, _MANY)),
        limit_not_found=reader.read("LIMIT_NOT_FOUND", "20", _NUMBER, between(0, _MANY)),
        proxies=reader.read("PROXIES", "0", "0 to 10", between(0, 10)),
        allowed_hosts=reader.read(
            "ALLOWED_HOSTS", "", "host names like parcels.shop.example, with blanks between", _hosts
        ),
        metrics_token=reader.secret("METRICS_TOKEN"),
        embed_origins=reader.read(
            "EMBED_ORIGINS", "", "origins like https://shop.example, with blanks between", _origins
        ),
        privacy=reader.read("PRIVACY", "doorstep", "doorstep, strict or open", _privacy),
        retailer_name=reader.read("RETAILER_NAME", "", "a name that can be shown", _shown),
        contact_url=reader.read("CONTACT_URL", "", "an https or mailto address", _contact),
        carriers=reader.read(
            "CARRIERS_FILE", "", "a file like tracking/carriers.toml, all https", read_carriers
        ),
        timezone=reader.read("TIMEZONE", "UTC", "a time zone like Europe/London", ZoneInfo),
        quiet_hours=reader.read("QUIET_HOURS", "72", "hours from 1 to 720", between(1, 720)),
        log_level=reader.read("LOG_LEVEL", "INFO", ", ".join(_LOG_LEVELS), _log_level),
    )
    if reader.wrong:
        raise BadSettings("\n".join(reader.wrong))
    return settings


def _listened(address: str) -> str:
    if "%" in address:
        raise ValueError("the scope of an address")
    return str(ip_address("127.0.0.1" if address == "localhost" else address))


def _check_account(reader: Reader, url: str, key: str, *, demo: bool, insecure: bool) -> None:
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


def _check_redis(reader: Reader, url: str, secret_key: str) -> None:
    reader.check(not url or _is_redis(url), "REDIS_URL", "must be like redis://host:6379/0")
    reader.check(
        bool(secret_key) or not url,
        "SECRET_KEY",
        "is missing, but REDIS_URL is set: it signs what is kept there",
    )
    reader.check(
        not secret_key or len(secret_key) >= _SHORTEST_SECRET,
        "SECRET_KEY",
        f"must have {_SHORTEST_SECRET} characters or more",
    )


def _is_redis(url: str) -> bool:
    try:
        return bool(_REDIS.fullmatch(url)) and urlsplit(url).port != 0
    except ValueError:  # no port, or no host
        return False


def _address(text: str) -> str:
    return base_url(text) if text else ""


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


def _hosts(text: str) -> tuple[str, ...]:
    """Names without a port; a leading dot stands for all hosts under one."""
    hosts = tuple(text.lower().split())
    if not all(_HOST.fullmatch(host) for host in hosts):
        raise ValueError(text)
    return hosts


def _privacy(text: str) -> Privacy:
    modes: dict[str, Privacy] = {"doorstep": "doorstep", "strict": "strict", "open": "open"}
    return modes[text]


def _shown(text: str) -> str:
    if not text.isprintable():
        raise ValueError(text)
    return text


def _contact(text: str) -> str:
    """The reference may be filled in, but not where it would name another host or mailbox."""
    place = urlsplit(text)
    named = place.path if place.scheme == "mailto" else place.netloc
    if text and (not text.startswith(("https://", "mailto:")) or _REFERENCE in named):
        raise ValueError(text)
    return text


def _log_level(text: str) -> str:
    return _LOG_LEVELS[_LOG_LEVELS.index(text.upper())]
