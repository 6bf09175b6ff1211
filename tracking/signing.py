"""Names and signatures of what is kept in Redis: nobody else can put anything there."""

import hmac
from dataclasses import dataclass, field

LARGEST = 640 * 1024  # bytes of one value; more than the largest answer of PRO
_MARK = b"j1:"
_PREFIX = "parcel-page:1:"
_SIGNATURE = len(_MARK) + 32


@dataclass(frozen=True)
class Signer:
    """Signs for one `account`: another's values are none, and its names are others."""

    secret: bytes = field(repr=False)
    account: str = field(repr=False)

    def name(self, key: str) -> str:
        """The name of a key in Redis: without the secret it tells nothing."""
        return _PREFIX + hmac.digest(self.secret, f"{self.account}\0{key}".encode(), "sha256").hex()

    def sign(self, value: bytes) -> bytes:
        """The value with its signature."""
        signed = b"value\0" + self.account.encode() + b"\0" + value  # no name is a signature
        return _MARK + hmac.digest(self.secret, signed, "sha256") + value

    def verify(self, signed: object) -> bytes | None:
        """The value, where the signature is ours."""
        if not isinstance(signed, bytes) or len(signed) > LARGEST + _SIGNATURE:
            return None
        value = signed[_SIGNATURE:]
        return value if hmac.compare_digest(signed, self.sign(value)) else None
