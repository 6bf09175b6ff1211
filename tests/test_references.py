"""What a shopper types becomes a reference, or is refused before it costs a call."""

import unicodedata
from contextlib import suppress
from time import perf_counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tracking.references import Reference, ReferenceRefused

DIGITS = "00013794256841900223344556677889"
SP = f"sp_{DIGITS}"
SC = f"sc_{DIGITS}"
TR = f"tr_{DIGITS}"
FULL_WIDTH = {ord(character): ord(character) + 0xFEE0 for character in "sp_0123456789"}
ZERO_WIDTH_SPACE = "\u200b"


def refused(typed: str) -> ReferenceRefused:
    with pytest.raises(ReferenceRefused) as caught:
        Reference.parse(typed)
    return caught.value


def utf_16_units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


# Cleaning


@pytest.mark.parametrize(
    "dirty",
    [
        SP,
        f"  {SP}  ",
        f"\t{SP}\r\n",
        SP.upper(),
        f"Sp_{DIGITS}",
        f"sp_ {DIGITS}",
        f"sp_{DIGITS[:4]} {DIGITS[4:8]} {DIGITS[8:]}",
        f"sp_{DIGITS[:16]}\n{DIGITS[16:]}",
        f"\u00a0{SP}\u00a0",
        f"\u3000{SP}",
        f"sp_{DIGITS[:16]}\u2003{DIGITS[16:]}",
        SP.translate(FULL_WIDTH),
        f"\ufeff{SP}",
        f"sp_{DIGITS[:9]}{ZERO_WIDTH_SPACE}{DIGITS[9:]}",
        f"sp_{DIGITS[:9]}\u00ad{DIGITS[9:]}",
        f"\u202d{SP}\u202c",
        f"\u2066{SP}\u2069",
        f"\u200e{SP}\u200f",
        f"{SP}\ufe0f",
        f"{SP}\u3164",
        f'"{SP}"',
        f"'{SP}'",
        f"“{SP}”",
        f"„{SP}“",
        f"‘{SP}’",
        f"«\u00a0{SP}\u00a0»",
        f"`{SP}`",
        f"Order: {SP}",
        f"Tracking number: {SP.upper()}",
        f"Your parcel reference: “{SP}”",
        f"“Reference: {SP}”",
        f"https://shop.example/parcel?reference={SP}",
        f"  https://shop.example/embed?utm_source=mail&reference={SP}#history ",
    ],
)
def test_a_shipment_reference_survives_how_it_was_copied(dirty: str) -> None:
    reference = Reference.parse(dirty)

    assert (reference.text, reference.kind) == (SP, "reference")


@pytest.mark.parametrize(
    "dirty",
    [
        "HO-20",
        " HO-20 ",
        "\r\nHO-20\t",
        "\u2003HO-20\u2003",
        "ＨＯ-２０",
        f"H{ZERO_WIDTH_SPACE}O-20",
        "HO\u00ad-20",
        "\u2067HO-20\u2069",
        "\u115fHO-20\U000e0020",
        '"HO-20"',
        '" HO-20 "',
        "“HO-20”",
        "Order: HO-20",
        "ORDER:HO-20",
        "order : HO-20",
        "Order no. HO-20",
        "Order No HO-20",
        "Order no.: HO-20",
        "Order nr. HO-20",
        "Order number: HO-20",
        "Order number HO-20",
        "Order ID: HO-20",
        "Order #: HO-20",
        "Your order: HO-20",
        "My order number: HO-20",
        "Parcel: HO-20",
        "Shipment: HO-20",
        "Tracking reference: HO-20",
        "Delivery reference HO-20",
        "Ref: HO-20",
        "Ref. no. HO-20",
        'Order: "HO-20"',
        '"Order: HO-20"',
        "https://shop.example/parcel?reference=HO-20",
        "HTTPS://shop.example/parcel?lang=en&reference=HO-20&level=contents",
        "http://shop.example/parcel?reference=%20HO-20+",
        "https://shop.example/parcel?reference=%48O%2D20",
    ],
)
def test_an_order_number_survives_how_it_was_copied(dirty: str) -> None:
    reference = Reference.parse(dirty)

    assert (reference.text, reference.kind) == ("HO-20", "custom_reference")


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("#1001", "#1001"),
        ("Order #1001", "#1001"),
        ("Order: #1001", "#1001"),
        ("Order no. #1001", "#1001"),
        ('"#1001"', "#1001"),
        ("ho-20", "ho-20"),
        ("HO 20", "HO 20"),
        ("HO  20", "HO  20"),
        ("a/b", "a/b"),
        ("a%2Fb", "a%2Fb"),
        ("../admin", "../admin"),
        ("a?x=1&reference=b", "a?x=1&reference=b"),
        ("order-5", "order-5"),
        ("ORDER5", "ORDER5"),
        ("Orders: 5", "Orders: 5"),
        ("reorder: 5", "reorder: 5"),
        ("no. 5", "no. 5"),
        ("it's 5", "it's 5"),
        ("O'Brien", "O'Brien"),
        ("5'", "5'"),
        ("”HO-20“", "”HO-20“"),
        ('"', '"'),
        ("€ 5", "€ 5"),
        ("注文-20", "注文-20"),
        ("<script>", "<script>"),
        ("{{7*7}}", "{{7*7}}"),
        ("sp_", "sp_"),
        ("spx_123", "spx_123"),
        ("sp-123", "sp-123"),
        ("sp_12ab", "sp_12ab"),
        ("...", "..."),
        (". .", ". ."),
        ("https://[::1", "https://[::1"),
        ("https://shop.example/5", "https://shop.example/5"),
    ],
)
def test_what_may_belong_to_an_order_number_is_kept(typed: str, text: str) -> None:
    reference = Reference.parse(typed)

    assert (reference.text, reference.kind) == (text, "custom_reference")


def test_what_was_typed_is_kept_for_the_form() -> None:
    typed = f"  Order: “HO{ZERO_WIDTH_SPACE}-20” "

    assert Reference.parse(typed).typed == typed
    assert refused("  sp_1 ").typed == "  sp_1 "


@pytest.mark.parametrize("invisible", ["%E2%80%8B", "%C2%AD", "%EF%BB%BF", "%E2%80%AE"])
def test_what_is_hidden_in_a_pasted_link_is_dropped_too(invisible: str) -> None:
    reference = Reference.parse(f"https://shop.example/parcel?reference=HO-{invisible}20")

    assert reference.text == "HO-20"


def test_full_width_forms_in_a_pasted_link_are_read_too() -> None:
    reference = Reference.parse(f"https://shop.example/parcel?reference=%EF%BD%93p_{DIGITS}")

    assert (reference.text, reference.kind) == (SP, "reference")


@pytest.mark.parametrize("around", ['"{}"', "“{}”", "Tracking: {}"])
def test_a_pasted_link_may_stand_in_quotes_or_after_a_label(around: str) -> None:
    link = f"https://shop.example/parcel?reference={SP}"

    assert Reference.parse(around.format(link)).text == SP


# Kinds


def test_an_order_number_of_digits_is_a_custom_reference() -> None:
    assert Reference.parse(DIGITS).kind == "custom_reference"


def test_digits_of_another_script_do_not_make_a_shipment_reference() -> None:
    reference = Reference.parse("sp_" + "٣" * 32)

    assert (reference.text, reference.kind) == ("sp_" + "٣" * 32, "custom_reference")


@pytest.mark.parametrize("typed", ["..%2fadmin", "%2e%2e", "%252e", "a/../../x", "@evil", "a;b"])
def test_what_looks_like_a_path_is_looked_up_as_it_is(typed: str) -> None:
    assert Reference.parse(typed).text == typed


# Refusals


@pytest.mark.parametrize(
    "typed",
    ["", " ", "\t\r\n", "\u00a0\u3000", ZERO_WIDTH_SPACE, "\u2066\u2069", "\u3164", '""', "“ ”"],
)
def test_nothing_is_refused_as_empty(typed: str) -> None:
    assert refused(typed).reason == "empty"


def test_a_label_alone_is_refused_as_empty() -> None:
    assert refused("Order:").reason == "empty"


@pytest.mark.parametrize("prefix", ["sp", "sc", "tr", "SP", "Sc", "TR", "ｓｐ"])
@pytest.mark.parametrize("count", [1, 31, 33, 60])
def test_a_wrong_number_of_digits_is_told_and_never_sent(prefix: str, count: int) -> None:
    error = refused(f" {prefix}_{'7' * count}")

    assert (error.reason, error.digits) == ("wrong_digits", count)


def test_digits_are_counted_without_the_blanks_between_them() -> None:
    assert refused("sp_ 123 456 789").digits == 9


@pytest.mark.parametrize("typed", [SC, TR, SC.upper(), f"“{TR}”", f"Shipment: {SC}"])
def test_what_pro_cannot_look_up_is_refused(typed: str) -> None:
    assert refused(typed).reason == "not_a_shipment"


@pytest.mark.parametrize(
    "typed", [".", "..", "shipment_contents", " .. ", '"."', f".{ZERO_WIDTH_SPACE}.", "Order: .."]
)
def test_what_would_be_another_endpoint_is_refused(typed: str) -> None:
    assert refused(typed).reason == "reserved"


@pytest.mark.parametrize(
    "typed",
    ["․", "‥", "．．", "．"],
)
def test_dots_of_another_width_are_dots(typed: str) -> None:
    assert refused(typed).reason == "reserved"


@pytest.mark.parametrize(
    "character",
    [
        "\x00",
        "\x01",
        "\x0b",
        "\x1b",
        "\x7f",
        "\x85",
        "\x9f",
        "\u2028",
        "\u2029",
        "\ud800",
    ],
)
def test_control_characters_and_half_characters_are_refused(character: str) -> None:
    assert refused(f"HO{character}20").reason == "control_characters"


@pytest.mark.parametrize("typed", ["a\r\nX-Evil: 1", "a\nb", "a\tb", f"{SP}\x00"])
def test_lines_and_tabs_inside_are_refused(typed: str) -> None:
    assert refused(typed).reason == "control_characters"


def test_control_characters_in_a_pasted_link_are_refused() -> None:
    error = refused("https://shop.example/parcel?reference=a%0D%0AX-Evil:1")

    assert error.reason == "control_characters"


def test_a_refusal_says_nothing_of_what_was_typed() -> None:
    assert str(refused("SECRET\x00")) == "control_characters"


# Lengths


@pytest.mark.parametrize(
    "typed",
    [
        "x",
        "x" * 50,
        "é" * 50,
        "😀" * 25,
        "x" * 48 + "😀",
        " " * 100 + "x" * 50 + " " * 50,
        "Order number: " + "x" * 50,
        '"' + "x" * 50 + '"',
        ZERO_WIDTH_SPACE * 1000 + "x" * 50,
    ],
)
def test_up_to_fifty_units_are_accepted_once_clean(typed: str) -> None:
    reference = Reference.parse(typed)

    assert 1 <= utf_16_units(reference.text) <= 50


@pytest.mark.parametrize(
    "typed",
    ["x" * 51, "😀" * 26, "😀" * 50, "x" * 49 + "😀", "x" * 4000, "x" * 70_000, "ﷺ" * 3],
)
def test_more_than_fifty_units_are_refused(typed: str) -> None:
    assert refused(typed).reason == "too_long"


@pytest.mark.parametrize("piece", ['"', "Order:", "“‘", "ref no. ", "http://a?reference="])
def test_even_a_long_and_dirty_input_is_answered_at_once(piece: str) -> None:
    typed = piece * (16_000 // len(piece)) + '"'
    started = perf_counter()

    with suppress(ReferenceRefused):
        Reference.parse(typed)

    assert perf_counter() - started < 0.3


# Whatever is typed

nasty = st.lists(
    st.one_of(
        st.text(st.characters(), max_size=4),
        st.sampled_from(
            ["sp_", "SC_", "tr_", "shipment_", ".", "%2e", "Order:", "#", "“", "”", "[", "&"],
        ),
        st.sampled_from(["https://a.example/?reference=", "http://", "%E2%80%8B", "%00"]),
        st.sampled_from([DIGITS, "Order no. ", '"', " ", ZERO_WIDTH_SPACE, "e\u0301", "😀", "ﷺ"]),
        st.sampled_from(["\u202e", "\u0301", "\x00", "\ud800"]),
    ),
    max_size=8,
).map("".join)


@given(nasty)
@example("https://[")
@example("\ud800")
def test_nothing_typed_raises_anything_but_a_refusal(typed: str) -> None:
    try:
        kept = Reference.parse(typed).typed
    except ReferenceRefused as error:
        kept = error.typed

    assert kept == typed


@given(nasty)
def test_an_accepted_custom_reference_is_what_pro_takes(typed: str) -> None:
    try:
        reference = Reference.parse(typed)
    except ReferenceRefused:
        return

    assert 1 <= utf_16_units(reference.text) <= 50
    assert not {unicodedata.category(one) for one in reference.text} & {"Cc", "Cs", "Zl", "Zp"}
    assert reference.text not in {".", "..", "shipment_contents"}
    assert reference.text == reference.text.strip(" \t\r\n")


@given(nasty)
@example("Order: Order: 5")
@example('""5""')
@example('"Order: "5""')
@example("e\u200b\u0301")
@example("https://a.example/?reference=AB%E2%80%8BC")
@example("https://a.example/?reference=Order%3A+5")
def test_a_reference_cleaned_again_is_the_same(typed: str) -> None:
    try:
        reference = Reference.parse(typed)
    except ReferenceRefused:
        return

    again = Reference.parse(reference.text)

    assert (again.text, again.kind) == (reference.text, reference.kind)


def test_what_grows_when_it_is_cleaned_takes_no_time() -> None:
    typed = '"' * 500 + "\ufdfa" * 999 + '"' * 500  # one character of 18
    began = perf_counter()
    for _ in range(20):
        with pytest.raises(ReferenceRefused, match="too_long"):
            Reference.parse(typed)

    assert perf_counter() - began < 1  # layer by layer it takes two
