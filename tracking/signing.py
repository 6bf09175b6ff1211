"""Names and signatures of what is kept in Redis: nobody else can put anything there.

Both are keyed BLAKE2b (RFC 7693), and not HMAC: to work out one of OpenSSL's, however short, each
thread lets all others go first, and a page asks for ten.
"""

from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from hmac import compare_digest

LARGEST = 640 * 1024  # bytes of one value; more than the largest answer of PRO
_MARK = b"j2:"
_PREFIX = "parcel-page:2:"
_SIZE = 32  # bytes of a digest
_SIGNATURE = len(_MARK) + _SIZE


@dataclass(frozen=True)
class Signer:
    """Signs for one `account`: another's values are none, and its names are others."""

    secret: bytes = field(repr=False)
    account: str = field(repr=False)

    def name(self, key: str) -> str:
        """The name of a key in Redis: without the secret it tells nothing."""
        return _PREFIX + self._digest(b"name", key.encode()).hex()

    def sign(self, value: bytes) -> bytes:
        """The value with its signature."""
        return _MARK + self._digest(b"value", value) + value

    def verify(self, signed: object) -> bytes | None:
        """The value, where the signature is ours."""
        if not isinstance(signed, bytes) or len(signed) > LARGEST + _SIGNATURE:
            return None
        value = signed[_SIGNATURE:]
        return value if compare_digest(signed, self.sign(value)) else None

    def _digest(self, purpose: bytes, data: bytes) -> bytes:
        """What is signed for one purpose is nothing for another."""
        return blake2b(data, digest_size=_SIZE, key=self._key, person=purpose).digest()

    @cached_property
    def _key(self) -> bytes:
        """A secret of this account alone; BLAKE2b takes no longer one than its own digests."""
        return blake2b(self.account.encode(), key=blake2b(self.secret).digest()).digest()
