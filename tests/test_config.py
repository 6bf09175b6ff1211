"""Settings: each read once, a bad one named and never shown, and all of them told at once."""

from dataclasses import asdict
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app import create_app
from tracking.carriers import read_carriers
from tracking.config import LIVE_URL, BadSettings, Settings, read_settings

KEY = "k3y-Secret/+="
ACCOUNT = {"PRO_API_URL": "https://api.example/pro", "PRO_API_KEY": KEY}
SECRET = "S3cret-" + "s" * 25  # as short as it may be
PASSWORD = "p4ssw0rd-of-redis"
REDIS = {"REDIS_URL": f"redis://:{PASSWORD}@127.0.0.1:6379/0", "SECRET_KEY": SECRET}
TOKEN = "t0ken-of-metrics"


def problems(**environ: str) -> str:
    with pytest.raises(BadSettings) as caught:
        read_settings(environ)
    return str(caught.value)


def named(**environ: str) -> list[str]:
    """The settings that are complained about, in order."""
    return [line.partition(":")[0] for line in problems(**environ).splitlines()]


def test_an_empty_environment_is_a_demo_with_every_default() -> None:
    settings = read_settings({})

    assert settings.demo
    assert asdict(settings) == {
        "host": "127.0.0.1",
        "port": 8000,
        "web_concurrency": 1,
        "pro_api_url": "",
        "pro_api_key": "",
        "pro_deadline": 2.5,
        "pro_units_per_minute": 0,
        "pro_units_per_day": 0,
        "redis_url": "",
        "secret_key": "",
        "limit_lookups": 120,
        "limit_not_found": 20,
        "proxies": 0,
        "allowed_hosts": (),
        "metrics_token": "",
        "embed_origins": (),
        "privacy": "doorstep",
        "retailer_name": "",
        "contact_url": "",
        "carriers": asdict(read_carriers()),
        "timezone": ZoneInfo("UTC"),
        "quiet_hours": 72,
        "log_level": "INFO",
    }


def test_every_setting_is_read() -> None:
    settings = read_settings(
        ACCOUNT
        | {
            "HOST": "0.0.0.0",
            "PORT": "9001",
            "WEB_CONCURRENCY": "4",
            "PRO_DEADLINE": "1.5",
            "PRO_UNITS_PER_MINUTE": "600",
            "PRO_UNITS_PER_DAY": "100000",
            "REDIS_URL": "rediss://:word@redis.example:6380/3",
            "SECRET_KEY": SECRET,
            "LIMIT_LOOKUPS": "30",
            "LIMIT_NOT_FOUND": "0",
            "PROXIES": "2",
            "ALLOWED_HOSTS": "Parcels.shop.example .shop.example",
            "METRICS_TOKEN": TOKEN,
            "EMBED_ORIGINS": "https://shop.example https://*.shop.example",
            "PRIVACY": "strict",
            "RETAILER_NAME": "Müller & Söhne",
            "CONTACT_URL": "https://shop.example/help",
            "TIMEZONE": "Europe/London",
            "QUIET_HOURS": "48",
            "LOG_LEVEL": "debug",
        }
    )

    assert not settings.demo
    assert asdict(settings) == {
        "host": "0.0.0.0",
        "port": 9001,
        "web_concurrency": 4,
        "pro_api_url": "https://api.example/pro",
        "pro_api_key": KEY,
        "pro_deadline": 1.5,
        "pro_units_per_minute": 600,
        "pro_units_per_day": 100_000,
        "redis_url": "rediss://:word@redis.example:6380/3",
        "secret_key": SECRET,
        "limit_lookups": 30,
        "limit_not_found": 0,
        "proxies": 2,
        "allowed_hosts": ("parcels.shop.example", ".shop.example"),
        "metrics_token": TOKEN,
        "embed_origins": ("https://shop.example", "https://*.shop.example"),
        "privacy": "strict",
        "retailer_name": "Müller & Söhne",
        "contact_url": "https://shop.example/help",
        "carriers": asdict(read_carriers()),
        "timezone": ZoneInfo("Europe/London"),
        "quiet_hours": 48,
        "log_level": "DEBUG",
    }


def test_blank_settings_are_as_if_they_were_not_there() -> None:
    names = ["HOST", "PORT", "WEB_CONCURRENCY", "PRO_API_URL", "PRO_API_KEY", "PRO_API_KEY_FILE"]
    names += ["PRO_DEADLINE", "PRO_ALLOW_HTTP", "DEMO", "EMBED_ORIGINS", "PRIVACY", "LOG_LEVEL"]
    names += ["RETAILER_NAME", "CONTACT_URL", "TIMEZONE", "QUIET_HOURS", "ALLOWED_HOSTS", "PROXIES"]
    names += ["PRO_UNITS_PER_MINUTE", "PRO_UNITS_PER_DAY", "LIMIT_LOOKUPS", "LIMIT_NOT_FOUND"]
    names += ["REDIS_URL", "REDIS_URL_FILE", "SECRET_KEY", "SECRET_KEY_FILE"]
    names += ["METRICS_TOKEN", "METRICS_TOKEN_FILE"]
    blank = dict.fromkeys(names, " \t")

    assert read_settings(blank) == read_settings({})


def test_blanks_around_a_value_do_not_count() -> None:
    settings = read_settings({"PORT": " 9001\n", "PRO_API_KEY": f" {KEY}\n", "PRIVACY": " open "})

    assert (settings.port, settings.pro_api_key, settings.privacy) == (9001, KEY, "open")


def test_other_peoples_settings_are_ignored() -> None:
    assert read_settings({"PATH": "/bin", "FLASK_DEBUG": "1"}) == read_settings({})


# A bad setting is named and never shown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[
            ("PORT", value)
            for value in ("0", "-1", "65536", "http", "80.5", "8000 9000", "9" * 5000)
        ],
        *[("HOST", value) for value in ("banana", "300.1.1.1", "127.1", "[::1]", "fe80::1%lo")],
        *[("WEB_CONCURRENCY", value) for value in ("0", "-2", "many", "1.5")],
        *[
            ("PRO_DEADLINE", value)
            for value in ("0", "0.05", "31", "nan", "inf", "-1", "2,5", "2.5s")
        ],
        *[("PRIVACY", value) for value in ("public", "Doorstep", "open strict", "0")],
        *[
            ("CONTACT_URL", value)
            for value in ("javascript:alert(7)", "http://shop.example", "help")
        ],
        *[("CONTACT_URL", value) for value in ("//shop.example", "data:,x", "tel:1")],
        *[
            ("CONTACT_URL", value)
            for value in ("https://{reference}.example/", "mailto:{reference}@shop.example")
        ],
        *[("TIMEZONE", value) for value in ("Mars/Base", "Europe", "../etc/passwd", "/etc/passwd")],
        *[("TIMEZONE", value) for value in ("GMT+25", "\x00", "z" * 5000)],
        *[("QUIET_HOURS", value) for value in ("0", "721", "three")],
        *[("LOG_LEVEL", value) for value in ("loud", "10", "NOTSET")],
        *[("DEMO", value) for value in ("2", "yes", "-1")],
        *[("PRO_ALLOW_HTTP", value) for value in ("2", "true")],
        *[
            (name, value)
            for name in ("PRO_UNITS_PER_MINUTE", "PRO_UNITS_PER_DAY")
            for value in ("-1", "1e3", "1_000", "1.5", "many", "٣", "9" * 10)
        ],
        *[
            (name, value)
            for name in ("LIMIT_LOOKUPS", "LIMIT_NOT_FOUND")
            for value in ("-1", "none", "120/minute", "2.5")
        ],
        *[("PROXIES", value) for value in ("-1", "11", "yes", "10.0.0.1")],
        *[("ALLOWED_HOSTS", value) for value in ("*", "shop.example:443", "https://shop.example")],
        *[
            ("ALLOWED_HOSTS", value)
            for value in ("shop..example", "shop.example,b", "shöp.example")
        ],
        *[("ALLOWED_HOSTS", value) for value in (".", "..shop.example", "a/b", "a@b", "a.")],
        *[("REDIS_URL", value) for value in ("127.0.0.1:6379", "http://redis", "redis:", "redis")],
        *[("REDIS_URL", value) for value in ("redis://a b", "memcached://redis", "redis://[::1/0")],
        *[("REDIS_URL", value) for value in ("redis://host:port/0", "redis://host:99999/0")],
    ],
)
def test_a_bad_setting_is_named_and_never_shown(name: str, value: str) -> None:
    told = problems(**{"SECRET_KEY": SECRET, name: value})

    assert told.startswith(f"{name}: must be ")
    assert "\n" not in told
    shown = told.partition(":")[2]
    assert value not in shown.split() or value.isdigit()
    assert len(shown) < 100


@pytest.mark.parametrize(
    ("host", "read"), [("localhost", "127.0.0.1"), ("::1", "::1"), ("0:0:0:0:0:0:0:0", "::")]
)
def test_where_to_listen_is_an_address(host: str, read: str) -> None:
    assert read_settings(ACCOUNT | {"HOST": host}).host == read


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("PORT", "1", "65535"),
        ("WEB_CONCURRENCY", "1", "256"),
        ("PRO_DEADLINE", "0.1", "30"),
        ("QUIET_HOURS", "1", "720"),
        ("PRO_UNITS_PER_MINUTE", "0", "999999999"),
        ("PRO_UNITS_PER_DAY", "0", "999999999"),
        ("LIMIT_LOOKUPS", "0", "999999999"),
        ("LIMIT_NOT_FOUND", "0", "999999999"),
        ("PROXIES", "0", "10"),
    ],
)
def test_both_ends_of_a_range_belong_to_it(name: str, least: str, most: str) -> None:
    lowest, highest = read_settings({name: least}), read_settings({name: most})

    assert getattr(lowest, name.lower()) == float(least)
    assert getattr(highest, name.lower()) == float(most)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    names = named(
        PORT="x",
        PRO_DEADLINE="x",
        EMBED_ORIGINS="*",
        PRIVACY="x",
        TIMEZONE="x",
        LOG_LEVEL="x",
        PRO_API_URL="ftp://x",
        PRO_API_KEY="two words",
        PRO_UNITS_PER_DAY="x",
        REDIS_URL="x",
        SECRET_KEY="x",
        LIMIT_LOOKUPS="x",
        PROXIES="x",
        ALLOWED_HOSTS="*",
    )

    assert set(names) == {
        *("PORT", "PRO_DEADLINE", "EMBED_ORIGINS", "PRIVACY", "TIMEZONE", "LOG_LEVEL"),
        *("PRO_API_URL", "PRO_API_KEY", "PRO_UNITS_PER_DAY", "REDIS_URL", "SECRET_KEY"),
        *("LIMIT_LOOKUPS", "PROXIES", "ALLOWED_HOSTS"),
    }


def test_the_application_does_not_start_with_bad_settings() -> None:
    with pytest.raises(BadSettings, match="PORT"):
        create_app({"PORT": "x"})


# The account


def test_a_key_without_an_address_means_the_live_service() -> None:
    settings = read_settings({"PRO_API_KEY": KEY})

    assert settings.pro_api_url == LIVE_URL == "https://api.sorted.com/pro"


def test_an_address_without_a_key_refuses_to_start() -> None:
    assert named(PRO_API_URL="https://api.example/pro") == ["PRO_API_KEY"]


def test_demo_0_refuses_to_start_with_made_up_data() -> None:
    assert named(DEMO="0") == ["PRO_API_KEY"]


def test_demo_0_does_not_mind_real_data() -> None:
    assert not read_settings(ACCOUNT | {"DEMO": "0"}).demo


def test_with_a_key_there_is_no_demo_whatever_demo_says() -> None:
    assert not read_settings(ACCOUNT | {"DEMO": "1"}).demo


@pytest.mark.parametrize("slashes", ["", "/", "//"])
def test_slashes_at_the_end_of_the_address_do_not_count(slashes: str) -> None:
    environ = ACCOUNT | {"PRO_API_URL": f"https://api.example/pro{slashes}"}

    assert read_settings(environ).pro_api_url == "https://api.example/pro"


@pytest.mark.parametrize(
    "key", ["two words", "tab\there", "line\r\nX-Evil: 1", "clé", "ключ", "nul\x00", "del\x7f"]
)
def test_a_key_that_cannot_travel_in_a_header_is_refused_and_not_shown(key: str) -> None:
    told = problems(PRO_API_KEY=key)

    assert told.startswith("PRO_API_KEY: ")
    assert key not in told


def test_the_key_is_in_no_message_even_if_something_else_is_wrong() -> None:
    told = problems(PRO_API_KEY=KEY, PORT="x", PRO_API_URL=f"https://user:{KEY}@api.example")

    assert KEY not in told


@pytest.mark.parametrize(
    "url",
    [
        "api.example/pro",
        "//api.example/pro",
        "https:",
        "https://",
        "https:///pro",
        "ftp://api.example/pro",
        "file:///etc/passwd",
        "javascript:alert(7)",
        "https://user@api.example/pro",
        "https://user:secret@api.example/pro",
        "https://api.example/pro?key=1",
        "https://api.example/pro#part",
        "https://api.example/pro?",
        "https://api.example/pro#",
        "https://[api.example/pro",
        "https://[::1/pro",
        "https://api.example:99999/pro",
        "https://api.example:port/pro",
        "https://api .example/pro",
        "https://api.example/pro now",
    ],
)
def test_what_cannot_be_the_address_of_pro_is_refused(url: str) -> None:
    assert named(PRO_API_URL=url, PRO_API_KEY=KEY) == ["PRO_API_URL"]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9000/pro",
        "http://127.8.8.8/pro",
        "http://localhost:9000/pro",
        "http://LOCALHOST/pro",
        "http://[::1]:9000/pro",
        "https://127.0.0.1/pro",
    ],
)
def test_http_is_accepted_for_loopback(url: str) -> None:
    assert read_settings({"PRO_API_URL": url, "PRO_API_KEY": KEY}).pro_api_url == url.lower()


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example/pro",
        "http://10.0.0.1/pro",
        "http://localhost.example/pro",
        "http://127.0.0.1.example/pro",
        "http://notlocalhost/pro",
        "http://[::2]/pro",
        "http://0.0.0.0/pro",
    ],
)
def test_http_elsewhere_needs_a_permission(url: str) -> None:
    account = {"PRO_API_URL": url, "PRO_API_KEY": KEY}

    assert named(**account) == ["PRO_API_URL"]
    assert "PRO_ALLOW_HTTP" in problems(**account)
    assert named(**account, PRO_ALLOW_HTTP="0") == ["PRO_API_URL"]
    assert read_settings(account | {"PRO_ALLOW_HTTP": "1"}).pro_api_url == url


# Secrets from files


def test_a_key_may_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(f"{KEY}\n")

    assert read_settings({"PRO_API_KEY_FILE": str(path)}).pro_api_key == KEY


def test_a_key_given_itself_goes_before_the_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("another")

    settings = read_settings({"PRO_API_KEY": KEY, "PRO_API_KEY_FILE": str(path)})

    assert settings.pro_api_key == KEY


def test_a_file_that_is_not_there_is_named_and_its_path_not_shown(tmp_path: Path) -> None:
    told = problems(PRO_API_KEY_FILE=str(tmp_path / "missing"))

    assert told.startswith("PRO_API_KEY_FILE: ")
    assert "missing" not in told


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"two words", b"one\ntwo", "clé".encode()])
def test_a_file_without_a_key_that_can_travel_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)

    told = problems(PRO_API_KEY_FILE=str(path))

    assert told.startswith("PRO_API_KEY")
    assert "two" not in told


@pytest.mark.parametrize("content", ["", " \n"])
def test_an_empty_file_for_the_key_never_means_a_demo(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key"
    path.write_text(content)

    assert problems(PRO_API_KEY_FILE=str(path)).startswith("PRO_API_KEY")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert named(PRO_API_KEY_FILE=str(tmp_path))[0] == "PRO_API_KEY_FILE"


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("REDIS_URL", REDIS["REDIS_URL"]),
        ("SECRET_KEY", SECRET),
        ("METRICS_TOKEN", TOKEN),
    ],
)
def test_every_secret_may_come_from_a_file(tmp_path: Path, name: str, secret: str) -> None:
    path = tmp_path / "secret"
    path.write_text(f"{secret}\n")
    others = {other: value for other, value in REDIS.items() if other != name}

    settings = read_settings(others | {f"{name}_FILE": str(path)})

    assert getattr(settings, name.lower()) == secret


@pytest.mark.parametrize("name", ["REDIS_URL", "SECRET_KEY", "METRICS_TOKEN"])
@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe\x00"])
def test_a_file_without_a_secret_is_named_and_never_means_none(
    tmp_path: Path, name: str, content: bytes | None
) -> None:
    path = tmp_path / "CANARY"
    if content is not None:
        path.write_bytes(content)

    told = problems(**{f"{name}_FILE": str(path)})

    assert told.splitlines()[0] == f"{name}_FILE: must name a file that holds the secret"
    assert "CANARY" not in told


# Redis, and what signs there


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1",
        "redis://redis:6379/0",
        "redis://:word@redis.example:6379/1",
        "rediss://user:word@redis.example:6380",
        "unix:///run/redis.sock?db=2",
    ],
)
def test_a_redis_is_taken_at_its_address(url: str) -> None:
    assert read_settings({"REDIS_URL": url, "SECRET_KEY": SECRET}).redis_url == url


def test_redis_needs_a_key_that_signs() -> None:
    told = problems(REDIS_URL=REDIS["REDIS_URL"])

    assert told.startswith("SECRET_KEY: is missing, but REDIS_URL is set")
    assert PASSWORD not in told


@pytest.mark.parametrize("short", ["s", "s" * 31])
def test_a_key_that_signs_has_32_characters(short: str) -> None:
    for environ in ({"SECRET_KEY": short}, REDIS | {"SECRET_KEY": short}):
        told = problems(**environ)

        assert told == "SECRET_KEY: must have 32 characters or more"


def test_a_key_that_signs_may_stand_without_redis() -> None:
    assert read_settings({"SECRET_KEY": SECRET}).redis_url == ""


def test_an_application_starts_without_waiting_for_redis() -> None:
    nowhere = {"REDIS_URL": "redis://127.0.0.1:1/0", "SECRET_KEY": SECRET}

    client = create_app(ACCOUNT | nowhere).test_client()

    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").json["redis"] in {"answers", "away"}


# Under which names it is asked


@pytest.mark.parametrize(
    ("given", "hosts"),
    [
        ("parcels.shop.example", ("parcels.shop.example",)),
        ("  a.example\n\t.b.example ", ("a.example", ".b.example")),
        ("PARCELS.Shop.example", ("parcels.shop.example",)),
        ("localhost 127.0.0.1", ("localhost", "127.0.0.1")),
        ("xn--mller-kva.example", ("xn--mller-kva.example",)),
    ],
)
def test_hosts_are_names_with_blanks_between(given: str, hosts: tuple[str, ...]) -> None:
    assert read_settings({"ALLOWED_HOSTS": given}).allowed_hosts == hosts


# Who may embed


@pytest.mark.parametrize(
    "origin",
    [
        "https://shop.example",
        "https://shop.example:8443",
        "https://*.shop.example",
        "https://*.shop.example:8443",
        "https://xn--mller-kva.example",
        "https://10.0.0.1",
        "http://localhost:3000",
        "http://127.0.0.1",
    ],
)
def test_an_origin_may_embed(origin: str) -> None:
    assert read_settings({"EMBED_ORIGINS": origin}).embed_origins == (origin,)


def test_origins_are_separated_by_blanks_of_any_kind() -> None:
    settings = read_settings({"EMBED_ORIGINS": "  https://a.example\n\thttps://b.example "})

    assert settings.embed_origins == ("https://a.example", "https://b.example")


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "https:",
        "https://",
        "https://*",
        "http:",
        "http://shop.example",
        "http://*.localhost",
        "http://localhost.example",
        "shop.example",
        "*.shop.example",
        "//shop.example",
        "'self'",
        "'none'",
        "'unsafe-inline'",
        '"https://shop.example"',
        "https://shop.example;",
        "https://shop.example;script-src *",
        "https://shop.example,https://b.example",
        "https://shop.example/",
        "https://shop.example/page",
        "https://shop.example?x",
        "https://shop.example#x",
        "https://user@shop.example",
        "https://shop.example:",
        "https://shop.example:*",
        "https://shop.example:port",
        "https://shop.example:123456",
        "https://sh*p.example",
        "https://shop.*",
        "https://*.*.example",
        "https://shop..example",
        "https://.example",
        "https://shöp.example",
        "https://shop\x00.example",
        "data:",
        "blob:",
        "null",
        "file:///",
        "javascript:alert(7)",
        "wss://shop.example",
    ],
)
def test_what_is_no_origin_is_refused_and_not_shown(origin: str) -> None:
    told = problems(EMBED_ORIGINS=f"https://good.example {origin}")

    assert told.startswith("EMBED_ORIGINS: must be origins like https://shop.example")
    assert "good.example" not in told


def test_nobody_may_embed_by_default() -> None:
    assert read_settings({}).embed_origins == ()


# Secrets stay secret


def test_repr_and_str_hide_the_key() -> None:
    settings = read_settings(ACCOUNT | REDIS | {"METRICS_TOKEN": TOKEN})

    assert isinstance(settings, Settings)
    assert settings.pro_api_key == KEY
    said = f"{settings!r} {settings} {[settings]}"
    assert [one for one in (KEY, SECRET, PASSWORD, TOKEN) if one in said] == []


def test_nothing_that_the_application_is_made_of_shows_the_key() -> None:
    site = create_app(ACCOUNT | REDIS | {"METRICS_TOKEN": TOKEN}).extensions["parcel_page"]

    calls, shared = site.lookup.asking.calls, site.lookup.memory.shared
    parts = [site, site.lookup, calls, calls.client, shared, shared.signer, shared.client]
    said = " ".join(map(repr, parts))
    assert calls.client.account.key == KEY
    assert shared.signer.secret == SECRET.encode()
    assert [one for one in (KEY, SECRET, PASSWORD, TOKEN) if one in said] == []
