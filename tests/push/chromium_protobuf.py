"""The little of protobuf that Chromium and Google's backend say to each other: fields by number, no schema. A handful
of messages does not pay for a compiler of schemas."""

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import BinaryIO

BITS = 7
MORE = 1 << BITS
LONGEST_VARINT = 10


class Malformed(ValueError):
    """These bytes are not protobuf, or end in its middle."""


class Wire(IntEnum):
    VARINT = 0
    FIXED64 = 1
    BYTES = 2
    FIXED32 = 5


@dataclass(frozen=True)
class Fixed64:
    """A number that takes eight bytes whatever it is."""

    number: int


Value = int | Fixed64 | bytes | str
Fields = Sequence[tuple[int, Value]]
Found = dict[int, list[int | bytes]]


def encode(fields: Fields) -> bytes:
    return b"".join(_encode_field(number, value) for number, value in fields)


def decode(message: bytes) -> Found:
    """Every value of every field, in the order they came: numbers of any width as int, all else as bytes."""
    found: Found = {}
    stream = io.BytesIO(message)
    while stream.tell() < len(message):
        number, wire = divmod(read_varint(stream), 8)
        found.setdefault(number, []).append(_decode_value(wire, stream))
    return found


def number_in(found: Found, field: int) -> int:
    """0 where it is absent, as protobuf has it."""
    value = found.get(field, [0])[-1]
    if not isinstance(value, int):
        raise Malformed(f"field {field} is no number")
    return value


def texts_in(found: Found, field: int) -> list[str]:
    return [value.decode() for value in found.get(field, []) if isinstance(value, bytes)]


def varint(number: int) -> bytes:
    written = bytearray()
    while number >= MORE:
        written.append(number % MORE | MORE)
        number >>= BITS
    written.append(number)
    return bytes(written)


def read_varint(stream: BinaryIO) -> int:
    number = 0
    for place in range(LONGEST_VARINT):
        octet = read_exactly(stream, 1)[0]
        number |= octet % MORE << place * BITS
        if octet < MORE:
            return number
    raise Malformed("a number without an end")


def read_exactly(stream: BinaryIO, length: int) -> bytes:
    octets = stream.read(length)
    if len(octets) < length:
        raise Malformed("the bytes end inside a value")
    return octets


def _encode_field(number: int, value: Value) -> bytes:
    match value:
        case int():
            return varint(number << 3 | Wire.VARINT) + varint(value)
        case Fixed64():
            return varint(number << 3 | Wire.FIXED64) + struct.pack("<Q", value.number)
        case _:
            octets = value.encode() if isinstance(value, str) else value
            return varint(number << 3 | Wire.BYTES) + varint(len(octets)) + octets


def _decode_value(wire: int, stream: BinaryIO) -> int | bytes:
    match wire:
        case Wire.VARINT:
            return read_varint(stream)
        case Wire.FIXED64:
            return int.from_bytes(read_exactly(stream, 8), "little")
        case Wire.FIXED32:
            return int.from_bytes(read_exactly(stream, 4), "little")
        case Wire.BYTES:
            return read_exactly(stream, read_varint(stream))
    raise Malformed(f"wire type {wire}")
