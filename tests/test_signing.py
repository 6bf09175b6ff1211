"""Nobody else can put anything into Redis that we read, and nothing there tells what it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking.signing import LARGEST, Signer

OURS = Signer(b"a-secret-of-32-characters-or-more", "shop")
OTHERS = {
    "another secret": Signer(b"another-secret-of-32-characters!!", "shop"),
    "another account": Signer(b"a-secret-of-32-characters-or-more", "another shop"),
}
VALUE = b'{"outcome": "found"}'


class TestSignatures:
    @given(st.binary())
    def test_what_we_signed_we_read(self, value: bytes) -> None:
        assert OURS.verify(OURS.sign(value)) == value

    @pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
    def test_what_another_signed_is_nothing(self, other: Signer) -> None:
        assert OURS.verify(other.sign(VALUE)) is None
        assert other.verify(OURS.sign(VALUE)) is None

    @given(st.integers(0, len(OURS.sign(VALUE)) - 1), st.integers(1, 255))
    def test_one_byte_that_differs_makes_it_nothing(self, place: int, by: int) -> None:
        signed = bytearray(OURS.sign(VALUE))
        signed[place] ^= by

        assert OURS.verify(bytes(signed)) is None

    @pytest.mark.parametrize("length", range(len(OURS.sign(VALUE))))
    def test_a_part_of_it_is_nothing(self, length: int) -> None:
        assert OURS.verify(OURS.sign(VALUE)[:length]) is None

    @pytest.mark.parametrize(
        "planted",
        [
            None,
            b"",
            VALUE,
            b"j2:" + VALUE,
            b"j2:" + bytes(32) + VALUE,
            b"<script>alert(1)</script>",
            "text",
            17,
            [b"a list"],
            {"a": "map"},
        ],
        ids=repr,
    )
    def test_what_is_not_signed_is_nothing(self, planted: object) -> None:
        assert OURS.verify(planted) is None

    @given(st.binary(max_size=200))
    def test_nothing_that_anybody_makes_up_is_anything(self, planted: bytes) -> None:
        assert OURS.verify(planted) is None
        assert OURS.verify(b"j2:" + planted) is None

    def test_a_value_too_large_is_nothing(self) -> None:
        assert OURS.verify(OURS.sign(b"x" * LARGEST)) == b"x" * LARGEST
        assert OURS.verify(OURS.sign(b"x" * (LARGEST + 1))) is None

    def test_the_name_of_a_key_signs_nothing(self) -> None:
        """Names are seen by whoever reads Redis, and shoppers choose what is in them."""
        typed = "custom_reference/shipment/1/ORDER-1"
        digest = bytes.fromhex(OURS.name(typed).rpartition(":")[2])

        assert OURS.verify(b"j2:" + digest + typed.encode()) is None


class TestNames:
    def test_a_key_has_one_name(self) -> None:
        assert OURS.name("a") == OURS.name("a") != OURS.name("b")

    @pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
    def test_another_has_another_for_it(self, other: Signer) -> None:
        assert other.name("ORDER-1001") != OURS.name("ORDER-1001")

    def test_account_and_key_do_not_run_into_each_other(self) -> None:
        one, other = (Signer(OURS.secret, account) for account in ("shop", "shop1"))

        assert one.name("1001") != other.name("001")

    @given(st.text(min_size=3))
    def test_it_tells_nothing(self, key: str) -> None:
        name = OURS.name(key.encode("utf-8", "replace").decode())

        assert name.startswith("parcel-page:2:")
        assert len(name) == len("parcel-page:2:") + 64

    def test_a_signer_does_not_show_its_secret(self) -> None:
        assert "a-secret" not in repr(OURS)
