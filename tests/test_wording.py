"""The shopper's words: the copy of experience.md word for word, and what holds for all of it."""

import re
import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

from tracking import wording
from tracking.shipments import Event
from tracking.wording import Words, clock_time, date_and_time, full_date, offset_name

LOCALES = Path(wording.__file__).parent / "locales"
ENGLISH = tomllib.loads((LOCALES / "en.toml").read_text("utf-8"))
DPD = Words(retailer="Howell & Co", carrier="DPD")
NAMELESS = Words()

NOTHING_TO_DO = "You do not need to do anything."

# code, headline, timeline label, explanation, what to do (section 2), for DPD and Howell & Co.
COPY = [
    (
        "awaiting_drop_off",
        "Waiting to be handed over",
        "Waiting for drop-off",
        "DPD is waiting for this parcel to be dropped off.",
        "You do not need to do anything. If you are sending this parcel back, take it to a "
        "drop-off point.",
    ),
    (
        "collection_failed",
        "Pickup has not happened yet",
        "Pickup missed",
        "DPD could not pick up this parcel.",
        "You do not need to do anything. If this has not changed after 2 working days, contact "
        "Howell & Co. If DPD was picking up from you, book a new pickup.",
    ),
    (
        "dropped_off",
        "Handed over to DPD",
        "Dropped off",
        "The parcel was left at a drop-off point for DPD.",
        NOTHING_TO_DO,
    ),
    (
        "collected_by_carrier",
        "DPD has your parcel",
        "Picked up by DPD",
        "DPD has picked up the parcel and it is starting its journey.",
        NOTHING_TO_DO,
    ),
    (
        "in_transit",
        "On its way",
        "On its way",
        "Your parcel is moving through the delivery network.",
        NOTHING_TO_DO,
    ),
    (
        "in_transit_waiting",
        "On its way, but paused",
        "Waiting to move on",
        "The parcel is waiting, for example because of bad weather or a missed connection.",
        "You do not need to do anything. The delivery date may change.",
    ),
    (
        "carrier_changed",
        "Passed to another delivery company",
        "Passed to another delivery company",
        "A different company is now moving your parcel.",
        "You do not need to do anything. Keep using this page to follow it.",
    ),
    (
        "at_customs",
        "Going through customs",
        "Arrived at customs",
        "Customs officers are checking the parcel. This is normal for parcels from abroad.",
        "You do not need to do anything unless customs or DPD contacts you about a charge or "
        "papers.",
    ),
    (
        "cleared_through_customs",
        "Cleared customs",
        "Cleared customs",
        "Customs checks are finished and the parcel can move on.",
        NOTHING_TO_DO,
    ),
    (
        "delayed",
        "Running late",
        "Delayed",
        "Your parcel is likely to arrive later than planned.",
        "You do not need to do anything. We will show a new date here when DPD gives one.",
    ),
    (
        "held_by_carrier",
        "Being held by DPD",
        "Held by DPD",
        "DPD is keeping the parcel for now.",
        "Check for a message from DPD. If you have not had one after 2 working days, contact "
        "Howell & Co.",
    ),
    (
        "action_required",
        "Something is needed before delivery",
        "Action needed",
        "DPD cannot deliver the parcel until a problem is fixed, for example with the address or "
        "a charge.",
        "Check your email, texts and post for a message from DPD. If you have not had one, "
        "contact Howell & Co. Check a message is real before you pay or share details.",
    ),
    (
        "out_for_delivery",
        "Out for delivery",
        "Out for delivery",
        "The driver has your parcel and is on the way.",
        "Make sure someone can take the parcel in.",
    ),
    (
        "delivery_failed_card_left",
        "Missed delivery: a card was left",
        "Delivery missed, card left",
        "DPD could not deliver the parcel and left a card.",
        "Follow the card to book a new delivery or collect the parcel. If you cannot find the "
        "card, contact DPD with your tracking reference.",
    ),
    (
        "delivery_failed",
        "Could not be delivered",
        "Delivery failed",
        "DPD could not deliver the parcel.",
        "Check for a message from DPD. They may try again. If this has not changed by the next "
        "working day, contact Howell & Co.",
    ),
    (
        "failed_to_collect",
        "Not collected yet",
        "Not collected in time",
        "The parcel was waiting for you to collect it, but it was not picked up in time.",
        "If you still want the parcel, contact DPD or Howell & Co now. It may be sent back.",
    ),
    (
        "partially_delivered",
        "Part of your delivery has arrived",
        "Partly delivered",
        "Some of your items have been delivered. The others have not arrived yet.",
        "Check the list of items to see what is still to come. You do not need to do anything.",
    ),
    (
        "delivered",
        "Delivered",
        "Delivered",
        "Your parcel was delivered on Tuesday 24 November 2026.",
        "If you cannot find it, check with neighbours and in safe places. Then contact "
        "Howell & Co.",
    ),
    (
        "delivered_damaged",
        "Delivered, but damaged",
        "Delivered damaged",
        "DPD recorded that the parcel was damaged when it was delivered.",
        "Keep the packaging, take photos and contact Howell & Co.",
    ),
    (
        "damaged",
        "Damaged on the way",
        "Damage reported",
        "DPD has reported damage to the parcel.",
        "Contact Howell & Co to ask what happens next. You may get a replacement or a refund.",
    ),
    (
        "missing",
        "DPD is looking for your parcel",
        "Cannot be found at the moment",
        "The parcel was not where DPD expected. They are trying to find it.",
        "Give DPD time to look. If there is no news after 3 working days, contact Howell & Co.",
    ),
    (
        "lost",
        "Lost",
        "Lost",
        "DPD has told us that the parcel is lost.",
        "Contact Howell & Co to ask for a refund or a replacement.",
    ),
    (
        "destroyed",
        "Will not be delivered",
        "Destroyed",
        "DPD had to destroy the parcel, for example because it was badly damaged or unsafe.",
        "Contact Howell & Co to ask for a refund or a replacement.",
    ),
    (
        "returned_to_sender",
        "Returned to the sender",
        "Returned to the sender",
        "The parcel has gone back to the sender.",
        "If you were not expecting this, contact Howell & Co about a refund or a new delivery.",
    ),
    (
        "exchange_succeeded",
        "Exchange completed",
        "Exchange completed",
        "DPD has told us that the exchange was completed.",
        NOTHING_TO_DO,
    ),
    (
        "exchange_failed",
        "The exchange did not happen",
        "Exchange failed",
        "DPD has told us that the exchange could not be completed.",
        "Check for a message from DPD. If you were swapping an item, contact Howell & Co.",
    ),
]

EXTRA_HEADLINES = [
    ("dispatched", "Sent"),
    ("arrived_at_destination_country", "In the destination country"),
    ("collection_scheduled", "Pickup booked"),
    ("collection_rescheduled", "New pickup booked"),
    ("customs_charges_due", "There is a customs charge to pay"),
    ("delivered_to_neighbour", "Delivered to a neighbour"),
    ("delivered_to_reception", "Delivered to reception"),
    ("delivered_to_safe_location", "Left in a safe place"),
    ("delivery_address_changed", "Delivery address changed"),
    ("delivery_attempted", "Delivery was tried"),
    ("final_delivery_attempt", "Last delivery try"),
    ("delivery_refused", "Delivery was refused"),
    ("delivery_scheduled", "Delivery booked"),
    ("delivery_rescheduled", "New delivery date booked"),
    ("incorrect_label", "Sent the wrong way, being put right"),
    ("misrouted", "Sent the wrong way, being put right"),
    ("ready_for_collection", "Ready for you to collect"),
    ("collection_reminder", "Still waiting for you to collect it"),
    ("final_collection_reminder", "Still waiting for you to collect it"),
    ("will_be_returned_to_sender", "Going back to the sender"),
    ("shipment_issue", "There is a small problem with the parcel"),
]


def sentences(table, path=""):
    """Every string of a catalogue, with where it stands."""
    if isinstance(table, str):
        return [(path, table)]
    entries = table.items() if isinstance(table, dict) else enumerate(table)
    return [
        found for name, value in entries for found in sentences(value, f"{path}.{name}".strip("."))
    ]


CATALOGUE = sentences(ENGLISH)


# Section 2


@pytest.mark.parametrize(("code", "headline", "label", "explanation", "advice"), COPY)
def test_the_copy_of_every_code_is_word_for_word(code, headline, label, explanation, advice):
    said = [
        DPD.say_of(code, "headline"),
        DPD.title(code),
        DPD.say_of(code, "explanation", date="Tuesday 24 November 2026"),
        DPD.say_of(code, "advice"),
    ]

    assert said == [headline, label, explanation, advice]


def test_the_copy_has_all_27_codes():
    assert len({code for code, *_ in COPY} | {"for_information"}) == 27


@pytest.mark.parametrize(("code", "headline"), EXTRA_HEADLINES)
def test_the_codes_that_the_vendor_uses_elsewhere_have_the_headlines_of_2_1(code, headline):
    assert DPD.say_of(code, "headline") == headline


@pytest.mark.parametrize(
    "code",
    [
        "for_information",
        "zz_new_code",
        "delivered_to_wrong_address",
        "proof_of_delivery_available",
        "refunded",
        "unable_to_track",
        "missing_manifest",
        "unknown",
        "headline",
        None,
    ],
)
def test_a_note_and_an_unknown_code_are_an_update_from_the_carrier(code):
    assert DPD.title(code) == "Update from DPD"
    assert NAMELESS.title(code) == "Update from the delivery company"


@pytest.mark.parametrize(
    ("alias", "title"),
    [
        ("collected", "Picked up by DPD"),
        ("late", "Delayed"),
        ("may_be_missing", "Cannot be found at the moment"),
        ("customer_collected", "Delivered"),
        ("at_collection_point", "Ready to collect"),
    ],
)
def test_an_alias_has_the_title_of_its_code(alias, title):
    assert DPD.title(alias) == title


def test_headlines_are_short_enough_for_a_phone():
    headlines = [DPD.say_of(code, "headline") for code, *_ in COPY]

    assert [headline for headline in headlines if len(headline) > 36] == []


# Section 1.2


@pytest.mark.parametrize(
    ("section", "name", "values", "said"),
    [
        ("refused", "empty", {}, "Enter your order number or tracking reference"),
        (
            "refused",
            "too_long",
            {},
            "Order number or tracking reference must be 50 characters or fewer",
        ),
        (
            "refused",
            "control_characters",
            {},
            "Order number or tracking reference must not include hidden or control characters",
        ),
        (
            "refused",
            "wrong_digits",
            {"prefix": "sp_", "digits": 31},
            "A reference has 32 digits after sp_; this one has 31",
        ),
        ("order", "named", {"order": "HO-20", "things": "3 parcels"}, "Order HO-20, 3 parcels"),
        (
            "notes",
            "quiet",
            {"date": "Friday 20 November 2026", "until": "Thursday 26 November 2026"},
            "No new updates since Friday 20 November 2026. Parcels can go some days without a "
            "scan. If nothing changes by Thursday 26 November 2026, contact Howell & Co.",
        ),
        (
            "dates",
            "overdue",
            {"date": "Monday 23 November 2026"},
            "Was expected Monday 23 November 2026. It is late.",
        ),
        (
            "dates",
            "expected",
            {"date": "Monday 30 November 2026"},
            "Expected Monday 30 November 2026",
        ),
        ("dates", "unknown", {}, "We do not have a delivery date yet."),
        (
            "notes",
            "newer_note",
            {},
            "There is a newer note from DPD:",  # and then the note, as a quotation
        ),
        (
            "notes",
            "damage",
            {},
            "DPD reported damage on the way. Check the contents. If something is wrong, take "
            "photos and contact Howell & Co.",
        ),
        ("notes", "late", {}, "Running late"),
        (
            "notes",
            "scans_after_final",
            {},
            "DPD made more scans after delivery. They do not change the delivery.",
        ),
        ("notes", "no_item_news", {}, "No separate update for this item"),
        ("notes", "signed", {}, "It was signed for."),
        ("notes", "signed_by", {"signee": "A. Baker"}, "It was signed for by A. Baker."),
        ("dates", "not_given", {}, "Time not given by DPD"),
        ("dates", "not_known", {}, "Date not known"),
    ],
)
def test_system_messages_are_word_for_word(section, name, values, said):
    assert DPD.say(section, name, **values) == said


def test_no_updates_yet_is_said_as_in_the_copy():
    assert DPD.say_of(None, "headline") == "No updates yet"
    assert DPD.say_of(None, "explanation") == (
        "DPD has not scanned your parcel yet. This is normal until it is picked up."
    )


def test_not_found_says_what_to_do_and_that_the_carriers_number_is_no_use():
    headline, advice = DPD.outcome("not_found")

    assert headline == "We cannot find that parcel"
    assert " ".join(advice) == (
        "Check the number in your order or dispatch email. New orders can take a day to appear. "
        "The delivery company’s own number cannot be looked up here. "
        "If it still does not work, contact Howell & Co."
    )


def test_not_working_says_when_to_try_again():
    headline, advice = NAMELESS.outcome("unavailable")

    assert headline == "Tracking is not working at the moment"
    assert advice[0] == (
        "We cannot get updates from the delivery company right now. Try again in a few minutes."
    )


# What holds for all words


@pytest.mark.parametrize("unwanted", ["invalid", "please", "sorry", "oops"])
def test_nothing_blames_or_apologises(unwanted):
    assert [path for path, said in CATALOGUE if unwanted in said.casefold()] == []


def test_no_code_is_ever_shown_as_a_word():
    assert [
        path for path, said in CATALOGUE if re.search(r"\b(?!sp_)[a-z]+_[a-z]+", _bare(said))
    ] == []


def test_every_placeholder_is_one_that_is_known():
    known = {
        *("carrier", "Carrier", "retailer", "date", "until", "time", "offset", "order"),
        *("thing", "things", "n", "k", "headline", "signee", "prefix", "digits", "minutes"),
        *("first", "between", "last", "when", "zone", "span", "step", "reached"),
        *("title", "scan", "scans", "reference"),
    }

    used = {(path, name) for path, said in CATALOGUE for name in _placeholders(said)}

    assert {(path, name) for path, name in used if name not in known} == set()
    assert ("rollup.some_delivered", "k") in used


def test_only_names_and_counts_stand_in_headlines_titles_and_advice():
    parts = {"headline", "headline_today", "label", "advice"}

    used = {
        name
        for path, said in CATALOGUE
        if path.startswith(("codes.", "no_status.")) and path.rpartition(".")[2] in parts
        for name in _placeholders(said)
    }

    assert used == {"carrier", "Carrier", "retailer"}


def test_a_carrier_is_named_in_capitals_exactly_where_a_sentence_begins():
    for path, said in CATALOGUE:
        for match in re.finditer(r"\{([cC]arrier)\}", said):
            begins = match.start() == 0 or said[: match.start()].endswith((". ", "? "))
            assert match[1] == ("Carrier" if begins else "carrier"), f"{path}: {said}"


@pytest.mark.parametrize("code", sorted(ENGLISH["codes"]))
def test_every_code_has_all_its_words_and_sentences_end_in_a_full_stop(code):
    said = ENGLISH["codes"][code]

    assert {"headline", "label", "explanation", "advice", "one", "many"} <= said.keys()
    assert all(said[part].endswith(".") for part in ("explanation", "advice", "one", "many"))
    assert not any(said[part].endswith(".") for part in ("headline", "label"))
    assert "{things}" in said["one"]
    assert "{things}" in said["many"]


def _placeholders(said):
    return [name for _, name, _, _ in Formatter().parse(said) if name is not None]


def _bare(said):
    return re.sub(r"\{\w+\}", "", said)


# Names


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            NAMELESS.say_of("collected_by_carrier", "headline"),
            "The delivery company has your parcel",
        ),
        (NAMELESS.say_of("held_by_carrier", "headline"), "Being held by the delivery company"),
        (
            NAMELESS.say_of("missing", "headline"),
            "The delivery company is looking for your parcel",
        ),
        (NAMELESS.title("collected_by_carrier"), "Picked up by the delivery company"),
        (
            NAMELESS.say_of("held_by_carrier", "explanation"),
            "The delivery company is keeping the parcel for now.",
        ),
        (
            NAMELESS.say_of("lost", "advice"),
            "Contact the shop to ask for a refund or a replacement.",
        ),
        (NAMELESS.named_retailer, "the shop"),
        (DPD.named_retailer, "Howell & Co"),
        (Words(carrier="dpd").say_of("collected_by_carrier", "headline"), "dpd has your parcel"),
    ],
)
def test_a_name_that_is_not_known_has_a_fallback_at_the_start_and_inside(said, expected):
    assert said == expected


def test_braces_in_a_name_or_an_order_number_are_only_text():
    words = Words(retailer="{date}", carrier="{0}")

    assert words.say_of("held_by_carrier", "headline") == "Being held by {0}"
    assert words.say("order", "named", order="{x}", things="{y}") == "Order {x}, {y}"
    assert words.say_of("lost", "advice").startswith("Contact {date} to")


def test_a_name_that_no_sentence_can_bear_stays_unsaid():
    sixty = "Spedition " + "x" * 50

    assert DPD.of(sixty).title("collected_by_carrier") == f"Picked up by {sixty}"
    assert DPD.of(sixty + "x").title("collected_by_carrier") == "Picked up by the delivery company"


def test_words_of_another_carrier_keep_the_retailer():
    assert DPD.of("UPS").say_of("collected_by_carrier", "headline") == "UPS has your parcel"
    assert DPD.of(None).named_retailer == "Howell & Co"


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (Event(signee="A. Baker", signed=True), "It was signed for by A. Baker."),
        (Event(signed=True), "It was signed for."),
        (Event(), ""),
        (None, ""),
    ],
)
def test_who_signed_is_said_as_far_as_it_is_known(event, said):
    assert DPD.signature(event) == said


# Dates


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2026, 11, 24), "Tuesday 24 November 2026"),
        (date(2027, 1, 1), "Friday 1 January 2027"),
        (date(2028, 2, 29), "Tuesday 29 February 2028"),
    ],
)
def test_a_date_is_said_in_full_without_a_leading_nought(day, said):
    assert full_date(day) == said


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (datetime(2026, 11, 24, 14, 2, 59, tzinfo=UTC), "14:02"),
        (datetime(2026, 11, 24, 9, 5), "09:05"),
        (datetime(2026, 11, 24, 0, 0), "00:00"),
    ],
)
def test_a_time_is_said_by_24_hours_to_the_minute(moment, said):
    assert clock_time(moment) == said


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (1, "UTC+1"),
        (0, "UTC"),
        (-5, "UTC-5"),
        (5.75, "UTC+5:45"),
        (-3.5, "UTC-3:30"),
        (-0.5, "UTC-0:30"),
        (14, "UTC+14"),
    ],
)
def test_an_offset_is_said_after_utc(hours, said):
    assert f"UTC{offset_name(timedelta(hours=hours))}" == said
    assert DPD.say("dates", "zone", offset=offset_name(timedelta(hours=hours))) == (
        f"local time, {said}"
    )


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("UTC", "24 November at 14:02 UTC"),
        ("Europe/London", "24 November at 14:02 GMT"),
        ("Asia/Tokyo", "24 November at 23:02 JST"),
        ("Pacific/Auckland", "25 November at 03:02 NZDT"),
    ],
)
def test_when_pro_was_asked_is_said_on_the_retailers_clock(zone, said):
    moment = datetime(2026, 11, 24, 14, 2, tzinfo=UTC)

    assert date_and_time(moment, ZoneInfo(zone)) == said
