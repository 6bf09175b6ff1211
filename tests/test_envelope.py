"""What is remembered comes back whole, and nothing else is ever taken for it."""

import json
import os
import pickle
import tracemalloc
import zlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tracking.entries import Entry
from tracking.envelope import VERSION, pack, unpack
from tracking.shipments import Carrier, Event, ExpectedDate, Item, Shipment, ShipmentPage
from tracking.timestamps import Timestamp

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
SP = "sp_" + "7" * 32
KEY = f"reference/shipment/1/{SP}"
PARCEL = Shipment(SP, events=(Event(event_code="in_transit"),), items=(Item("sc_1"),))
ENTRY = Entry("found", "shipment", NOW, NOW, 120.0, ShipmentPage((PARCEL,), 1))


def _joined(text: str) -> str:
    """Two halves of a character side by side are that character: JSON cannot tell them apart."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


any_text = st.text(st.characters(exclude_categories=()), max_size=5).map(_joined)
words = st.none() | any_text
stamps = st.none() | st.sampled_from(
    [
        "2026-11-24",
        "2026-11-24T14:02",
        "2026-11-24T14:02:33Z",
        "2026-11-24T14:02.33+00:00",
        "2026-11-24 14:02:33 +0130",
        "2026-11-24T14:02:33.1234567-05:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ]
).map(Timestamp.parse)
events = st.builds(
    Event,
    reference=words,
    event_code=words,
    description=words,
    timestamp=stamps,
    received_timestamp=stamps,
    location=words,
    lat_long=st.none() | st.tuples(st.floats(-90, 90), st.floats(-180, 180)),
    signee=words,
    signed=st.booleans(),
)
event_lists = st.lists(events, max_size=2).map(tuple)
texts = st.lists(st.text(max_size=5), max_size=2).map(tuple)
items = st.builds(Item, words, words, texts, event_lists)
moments = st.datetimes(timezones=st.just(UTC))
expected_dates = st.builds(ExpectedDate, st.dates(), moments)
shipments = st.builds(
    Shipment,
    shipment_reference=words,
    custom_reference=words,
    carrier_references=texts,
    carrier=st.builds(Carrier, *[words] * 4),
    expected_delivery_date=st.none() | st.dates(),
    events=st.none() | event_lists,
    items=st.none() | st.lists(items, max_size=2).map(tuple),
    expected_since=st.none() | moments,
    expected_before=st.lists(expected_dates, max_size=2).map(tuple),
)
entries = st.builds(
    Entry,
    outcome=st.sampled_from(["found", "processing", "not_found", "gone"]),
    level=st.sampled_from(["shipment", "contents"]),
    fetched_at=moments,
    asked_at=moments,
    wait=st.floats(0, 86_400),
    shipments=st.builds(
        ShipmentPage, st.lists(shipments, max_size=2).map(tuple), st.integers(0), st.integers(0)
    ),
)


def body_of(packed: bytes) -> dict[str, Any]:
    return json.loads(zlib.decompress(packed))


def packed_body(**changes: Any) -> bytes:
    """The envelope of ENTRY with something changed in it, as only we could have signed it."""
    body = body_of(pack(KEY, ENTRY)) | changes
    return zlib.compress(json.dumps(body).encode())


@given(any_text, entries)
def test_an_entry_comes_back_as_it_was(key: str, entry: Entry) -> None:
    packed = pack(key, entry)

    assert unpack(key, packed) == entry
    assert zlib.decompress(packed).isascii()


def test_not_asked_for_and_nothing_there_are_kept_apart() -> None:
    unasked, empty = Shipment(SP), Shipment(SP, events=(), items=())
    entry = Entry("found", "shipment", NOW, NOW, 120.0, ShipmentPage((unasked, empty), 2))

    first, second = unpack(KEY, pack(KEY, entry)).shipments.shipments

    assert (first.events, first.items) == (None, None)
    assert (second.events, second.items) == ((), ())


def test_a_date_without_a_time_comes_back_without_one() -> None:
    dated = Event(timestamp=Timestamp.parse("2026-11-24"))
    expected = Shipment(SP, events=(dated,), expected_delivery_date=date(2026, 11, 25))
    entry = Entry("found", "shipment", NOW, NOW, 120.0, ShipmentPage((expected,), 1))

    packed = pack(KEY, entry)

    assert unpack(KEY, packed) == entry
    assert body_of(packed)["shipments"][0]["events"][0]["timestamp"] == "2026-11-24"


def test_a_long_history_is_kept_small() -> None:
    scans = tuple(Event(event_code="in_transit", description=f"Depot {n}") for n in range(200))
    page = ShipmentPage((Shipment(SP, events=scans),), 1)

    packed = pack(KEY, Entry("found", "shipment", NOW, NOW, 120.0, page))

    assert len(packed) < len(zlib.decompress(packed)) / 4


@pytest.mark.parametrize("key", ["", KEY + " ", KEY.upper(), KEY.replace("shipment", "contents")])
def test_an_entry_is_read_under_its_own_key_alone(key: str) -> None:
    packed = pack(KEY, ENTRY)

    assert unpack(key, packed) is None
    assert unpack(KEY, packed) == ENTRY


@pytest.mark.parametrize("version", [VERSION - 1, VERSION + 1, None, "1", [VERSION]])
def test_an_entry_of_another_version_is_none(version: object) -> None:
    assert unpack(KEY, packed_body(version=version)) is None
    assert unpack(KEY, packed_body()) == ENTRY


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "lost"},
        {"outcome": None},
        {"outcome": ["found"]},
        {"level": "parcel"},
        {"level": None},
        {"fetched_at": "yesterday"},
        {"fetched_at": None},
        {"fetched_at": 0},
        {"asked_at": "2026-13-01T00:00:00+00:00"},
        {"wait": None},
        {"wait": "soon"},
        {"wait": 10**400},
        {"total": None},
        {"total": "many"},
        {"total": float("inf")},
        {"total": float("nan")},
        {"skip": []},
        {"shipments": None},
        {"shipments": 7},
        {"shipments": [None]},
        {"shipments": ["sp_1"]},
        {"shipments": [{}]},
        {"shipments": [{"carrier": {}, "carrier_references": [], "__class__": "x"}]},
        {"shipments": [{"carrier": {"cost": 1}, "carrier_references": []}]},
        {"shipments": [{"carrier": {}, "carrier_references": [], "events": [[]]}]},
        {"shipments": [{"carrier": {}, "carrier_references": [], "events": [{"new": 1}]}]},
        {"shipments": [{"carrier": {}, "carrier_references": [], "items": [{}]}]},
        {"shipments": [{"carrier": {}, "carrier_references": [], "expected_delivery_date": "x"}]},
    ],
    ids=lambda changes: str(changes)[:60],
)
def test_an_entry_with_something_odd_in_it_is_none(changes: dict[str, Any]) -> None:
    assert unpack(KEY, packed_body(**changes)) is None


@pytest.mark.parametrize("moment", ["fetched_at", "asked_at"])
def test_a_time_without_an_offset_is_none(moment: str) -> None:
    """Nothing could be compared with it."""
    assert unpack(KEY, packed_body(**{moment: "2026-11-24T14:00:00"})) is None


@pytest.mark.parametrize("name", sorted(body_of(pack(KEY, ENTRY))))
def test_an_entry_with_something_missing_is_none(name: str) -> None:
    body = body_of(pack(KEY, ENTRY))
    del body[name]

    assert unpack(KEY, zlib.compress(json.dumps(body).encode())) is None


class Trap:
    """A pickle that makes a folder when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> Any:
        return os.mkdir, (self.path,)


def test_a_pickle_is_none_and_is_never_run(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    planted = pickle.dumps(Trap(canary))

    assert unpack(KEY, planted) is None
    assert unpack(KEY, b"!" + planted) is None
    assert unpack(KEY, zlib.compress(planted)) is None
    assert not canary.exists()
    pickle.loads(planted)
    assert canary.exists()  # it would have worked


@pytest.mark.parametrize(
    "rubbish",
    [
        b"",
        b"!",
        b"\x00" * 100,
        b"<script>alert(1)</script>",
        b"{}",
        json.dumps({"version": VERSION, "key": KEY}).encode(),
        zlib.decompress(pack(KEY, ENTRY)),
        zlib.compress(b""),
        zlib.compress(b"<html></html>"),
        zlib.compress(b"null"),
        zlib.compress(b"[]"),
        zlib.compress(b'"x"'),
        zlib.compress(b"1"),
        zlib.compress(b"\xff\xfe"),
        zlib.compress(b"[" * 100_000),
        zlib.compress(b"1" * 5000),
    ],
    ids=lambda rubbish: repr(rubbish[:20]),
)
def test_rubbish_is_none(rubbish: bytes) -> None:
    assert unpack(KEY, rubbish) is None


def test_a_bomb_is_none_and_is_not_inflated() -> None:
    """100 MB of blanks in 100 kB: a third of them is read, as bytes and as text."""
    bomb = zlib.compressobj(9)
    blanks = b" " * 1_000_000
    packed = b"".join(bomb.compress(blanks) for _ in range(100)) + bomb.flush()

    tracemalloc.start()
    read = unpack(KEY, packed)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert read is None
    assert peak < 100_000_000


@given(st.binary(max_size=200))
def test_any_bytes_are_none(rubbish: bytes) -> None:
    assert unpack(KEY, rubbish) is None
    assert unpack(KEY, zlib.compress(rubbish)) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.sampled_from(sorted(body_of(pack(KEY, ENTRY)).keys() - {"version", "key"})), json_values)
@example("total", float("inf"))
@example("wait", 10**400)
def test_whatever_stands_in_a_field_it_is_an_entry_or_none(name: str, value: object) -> None:
    read = unpack(KEY, packed_body(**{name: value}))

    assert read is None or isinstance(read, Entry)


def test_cut_short_it_is_none() -> None:
    packed = pack(KEY, ENTRY)
    checksum = 4  # bytes; all of the entry comes before them

    read = [unpack(KEY, packed[:length]) for length in range(len(packed) - checksum)]

    assert {*read[:-3]} == {None}
    assert {*read[-3:]} <= {None, ENTRY}
    assert unpack(KEY, packed) == ENTRY


@given(st.integers(0), st.integers(1, 255))
def test_with_a_byte_changed_it_is_never_another_entry(place: int, change: int) -> None:
    packed = bytearray(pack(KEY, ENTRY))
    packed[place % len(packed)] ^= change

    assert unpack(KEY, bytes(packed)) in {None, ENTRY}
