"""The members of a tar, read from its blocks: ustar, pax (POSIX 1003.1-2017, ``pax``) and GNU's long names.

Ours and not :mod:`tarfile`'s: there an extended header may claim any size and is read into memory, a chain of them
recurses, and names are text before they can be judged. Here a header is bounded and a member is three numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple, Protocol

__all__ = ["BLOCK", "Blocks", "Kind", "Member", "TarDamage", "members"]

BLOCK = 512
END = bytes(BLOCK)
GNU_LONG_NAME, GNU_LONG_LINK = b"L", b"K"
PAX, PAX_GLOBAL = b"x", b"g"
SUN_EXTENDED = b"X"
EXTENDED = {GNU_LONG_NAME, GNU_LONG_LINK, PAX, PAX_GLOBAL, SUN_EXTENDED}
HEADERS_IN_A_ROW = 16
"""Extended headers before one member; writers put at most four."""


class TarDamage(Exception):  # noqa: N818 - a reason, turned into an InputError with the archive's name
    """Why bytes are no tar that can be read."""


class Kind(Enum):
    """What a member is."""

    FILE = auto()
    FOLDER = auto()
    LINK = auto()
    HARD_LINK = auto()
    DEVICE = auto()
    SPARSE = auto()
    OTHER = auto()


KINDS = {
    b"0": Kind.FILE,
    b"\0": Kind.FILE,
    b"7": Kind.FILE,
    b"1": Kind.HARD_LINK,
    b"2": Kind.LINK,
    b"3": Kind.DEVICE,
    b"4": Kind.DEVICE,
    b"5": Kind.FOLDER,
    b"6": Kind.DEVICE,
    b"S": Kind.SPARSE,
}


class Member(NamedTuple):
    """One member; its bytes are the next ``size`` ones that the blocks give."""

    name: bytes
    kind: Kind
    size: int
    """In bytes."""
    link: bytes
    """Where a link of either kind points."""


class Blocks(Protocol):
    """Where the blocks of a tar come from."""

    def take(self, count: int) -> bytes:
        """The next bytes; fewer at the end."""

    def skip(self, count: int) -> int:
        """Pass over bytes; how many there were."""


def members(blocks: Blocks, *, header_bytes: int) -> Iterator[Member]:
    """The members of a tar in order. Whoever iterates takes the bytes of a member, or skips them, before the next one.

    Args:
        blocks: The tar.
        header_bytes: The most that one extended header may hold.

    Raises:
        TarDamage: It ends too early, or a header is damaged.
    """
    shared: dict[bytes, bytes] = {}
    own: dict[bytes, bytes] = {}
    row = 0
    last = b""
    while True:
        header = blocks.take(BLOCK)
        if header == END:
            return
        if len(header) < BLOCK and not last:
            raise TarDamage("it has not even one member: it is no tar, or was cut off")
        if len(header) < BLOCK:
            raise TarDamage(f"it ends after {last!r} without the blocks that close a tar: it was cut off")
        _check_sum(header)
        type_flag = header[156:157]
        size = _number(header[124:136])
        if type_flag not in EXTENDED:
            member = _member(header, type_flag, size, shared | own if shared or own else {})
            yield member
            last, own, row = member.name[-200:], {}, 0
            continue
        row += 1
        if size > header_bytes or row > HEADERS_IN_A_ROW:
            raise TarDamage(f"an extended header of {size:,} bytes, {row} in a row")
        data = blocks.take(size)
        if len(data) < size or blocks.skip(-size % BLOCK) < -size % BLOCK:
            raise TarDamage("it ends in the middle of a header: it was cut off")
        match type_flag:
            case b"L":
                own[b"path"] = data.split(b"\0", 1)[0]
            case b"K":
                own[b"linkpath"] = data.split(b"\0", 1)[0]
            case b"g":
                shared |= _pax(data)
            case _:
                own |= _pax(data)


def _member(header: bytes, type_flag: bytes, size: int, extended: dict[bytes, bytes]) -> Member:
    name = _text(header[0:100])
    if header[257:263] == b"ustar\0" and (prefix := _text(header[345:500])):
        name = prefix + b"/" + name
    name = extended.get(b"path", name)
    if b"size" in extended:
        size = _decimal(extended[b"size"])
    kind = KINDS.get(type_flag, Kind.OTHER)
    if any(key.startswith(b"GNU.sparse.") for key in extended):
        kind = Kind.SPARSE
    elif kind is Kind.FILE and name.endswith(b"/"):
        kind = Kind.FOLDER  # as tars from before POSIX have it
    if kind in {Kind.LINK, Kind.HARD_LINK, Kind.DEVICE, Kind.FOLDER}:
        size = 0
    return Member(name, kind, size, extended.get(b"linkpath", _text(header[157:257])))


def _check_sum(header: bytes) -> None:
    """The sum of the header's bytes, its own field as spaces; some old writers summed signed bytes."""
    stated = _number(header[148:156])
    counted = sum(header[:148]) + sum(header[156:]) + 8 * 32
    if stated != counted and stated != counted - 256 * sum(byte > 127 for byte in header[:148] + header[156:]):
        raise TarDamage("a header's checksum is another")


def _number(field: bytes) -> int:
    """Octal digits, or base 256 where the first bit is set."""
    if field[0] == 0x80:
        number = int.from_bytes(field[1:], "big")
    elif field[0] & 0x80:
        raise TarDamage("a negative number in a header")
    else:
        try:
            number = int(_text(field).strip() or b"0", 8)
        except ValueError as error:
            raise TarDamage(f"a number in a header: {field!r}") from error
    if not 0 <= number < 1 << 62:
        raise TarDamage(f"a number in a header: {number}")
    return number


def _text(field: bytes) -> bytes:
    return field.split(b"\0", 1)[0]


def _pax(data: bytes) -> dict[bytes, bytes]:
    """Records ``LENGTH KEYWORD=VALUE``, each ended by a line feed that the length counts."""
    found = {}
    position = 0
    while position < len(data):
        space = data.find(b" ", position, position + 20)
        length = _decimal(data[position:space]) if space > 0 else 0
        record = data[space + 1 : position + length]
        keyword, equals, value = record.partition(b"=")
        if position + length > len(data) or space - position >= length or not equals or not value.endswith(b"\n"):
            raise TarDamage("an extended header is damaged")
        found[keyword] = value[:-1]
        position += length
    return found


def _decimal(text: bytes) -> int:
    if not text.isdigit() or len(text) > 19:
        raise TarDamage(f"a number in an extended header: {text[:20]!r}")
    return int(text)
