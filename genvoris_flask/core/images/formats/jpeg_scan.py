"""Decides whether a JPEG file without its end marker still has all of its pixels.

It counts the blocks of 8 by 8 pixels by their Huffman codes (ITU T.81, F.2) without decoding them.
"""

from __future__ import annotations

import math
import re
import struct
from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeAlias

COUNTED = 16 * 1024  # bytes
_BASELINE, _EXTENDED, _PROGRESSIVE = 0xC0, 0xC1, 0xC2
_DHT, _SOS, _DRI = 0xC4, 0xDA, 0xDD
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_LONGEST_CODE = 16  # bits
_BLOCK = 64  # coefficients
_MOST_COMPONENTS = 4

# A Huffman table, indexed by the next 16 bits: the number of bits of the code and its value, plus
# 256 times the number of coefficients that it stands for; 0 if no code starts with these bits.
_Codes: TypeAlias = "array[int]"


def has_all_pixels(segments: Sequence[bytes], scan: bytes) -> bool:
    """Return whether the last scan is complete and no other scan is missing.

    Args:
        segments: The segments and scans before the last scan's pixels.
        scan: The last scan's pixels.
    """
    frames = [body for marker in (_BASELINE, _EXTENDED) for body in _bodies(segments, marker)]
    scans = _bodies(segments, _SOS)
    if progressive := _bodies(segments, _PROGRESSIVE):
        return _lacks_refinement_alone(_sampling(progressive[0]), scans)
    if not frames or not 1 <= scans[-1][0] <= _MOST_COMPONENTS:
        return False
    sampling = _sampling(frames[0])
    if {number for each in scans for number, _ in _chosen(each)} != sampling.keys():
        return False
    units, tables = _units(frames[0], sampling, _chosen(scans[-1]))
    codes = _read_codes(_bodies(segments, _DHT), {table for pair in tables for table in pair})
    if codes is None:
        return False
    interval = [struct.unpack(">H", body)[0] for body in _bodies(segments, _DRI)]
    *before, last = _RESTART.split(scan)
    units -= len(before) * (interval[-1] if interval else 0)
    return units > 0 and _ends_with(units, last, [(codes[dc], codes[ac]) for dc, ac in tables])


def _bodies(segments: Sequence[bytes], marker: int) -> list[bytes]:
    return [segment[4:] for segment in segments if segment[:2] == bytes([0xFF, marker])]


def _sampling(frame: bytes) -> dict[int, tuple[int, int]]:
    """Return each component's horizontal and vertical sampling factors."""
    entries = [frame[at : at + 3] for at in range(6, len(frame), 3)]
    return {number: (max(1, both >> 4), max(1, both & 15)) for number, both, _ in entries}


def _chosen(scan: bytes) -> list[tuple[int, int]]:
    """Return the components of a scan, each with the numbers of its tables."""
    return [(scan[at], scan[at + 1]) for at in range(1, 1 + 2 * scan[0], 2)]


def _lacks_refinement_alone(numbers: Mapping[int, object], scans: list[bytes]) -> bool:
    """Return whether the last scan of a progressive picture only refines the last bit.

    Whether such a scan is complete is unknown, but the difference would be invisible.
    """
    missing = {number: [1] * _BLOCK for number in numbers}
    for scan in scans:
        first, last, bits = scan[-3:]
        for number, _ in _chosen(scan):
            if number in missing and first <= last < _BLOCK:
                missing[number][first : last + 1] = [bits & 15] * (last + 1 - first)
    return scans[-1][-1] >> 4 > 0 and not any(map(any, missing.values()))


def _units(
    frame: bytes, sampling: Mapping[int, tuple[int, int]], chosen: list[tuple[int, int]]
) -> tuple[int, list[tuple[int, int]]]:
    """Return the number of units in a scan, and the tables of each block in a unit (A.2)."""
    height, width = struct.unpack_from(">HH", frame, 1)
    widest = max(across for across, _ in sampling.values())
    tallest = max(down for _, down in sampling.values())
    blocks: list[tuple[int, int]] = []
    for number, tables in chosen:
        across, down = sampling[number] if len(chosen) > 1 else (1, 1)
        blocks += [(tables >> 4, 16 + (tables & 15))] * (across * down)
    if len(chosen) == 1:
        across, down = sampling[chosen[0][0]]
        width, height = math.ceil(width * across / widest), math.ceil(height * down / tallest)
        widest = tallest = 1
    return math.ceil(width / (8 * widest)) * math.ceil(height / (8 * tallest)), blocks


def _read_codes(segments: list[bytes], wanted: set[int]) -> dict[int, _Codes] | None:
    """Return the wanted tables, or None if one is missing. AC tables are numbered from 16."""
    defined: dict[int, tuple[bytes, bytes]] = {}
    for body in segments:
        position = 0
        while position < len(body):
            counts = body[position + 1 : position + 17]
            end = position + 17 + sum(counts)
            defined[body[position]] = counts, body[position + 17 : end]
            position = end
    if not wanted <= defined.keys():
        return None
    codes = {number: _spread(*defined[number], is_dc=number < 16) for number in wanted}
    return codes if all(codes.values()) else None


def _spread(counts: bytes, symbols: bytes, *, is_dc: bool) -> _Codes:
    """Return a table indexed by 16 bits (C.2), which is empty if the code lengths are invalid."""
    longest = 1 << _LONGEST_CODE
    if sum(count << (_LONGEST_CODE - length) for length, count in enumerate(counts, 1)) > longest:
        return array("H")
    codes = array("H")
    left = iter(symbols)
    for length, count in enumerate(counts, 1):
        for symbol in islice(left, count):
            ends_block = not symbol and not is_dc
            stands_for = 1 if is_dc else _BLOCK if ends_block else (symbol >> 4) + 1
            entry = (stands_for << 8) + length + (symbol & 15)
            codes += array("H", [entry]) * (1 << (_LONGEST_CODE - length))
    return codes + array("H", [0]) * (longest - len(codes))


def _ends_with(units: int, scan: bytes, tables: list[tuple[_Codes, _Codes]]) -> bool:
    """Return whether the bits of a scan end together with its last unit.

    The units of a long scan are not counted: Huffman codes synchronise soon after any starting
    point, so its tail is enough to see whether it ends within a unit.
    """
    data = scan.replace(b"\xff\0", b"\xff")
    if len(data) <= COUNTED:
        return next(islice(_unit_ends(data, tables), units - 1, None), None) is not None
    tail = data[-COUNTED // 4 :]
    if tables.count(tables[0]) == len(tables):
        tables = tables[:1]  # the blocks of a unit look alike
    spare = [8 * len(tail) - end for end in _unit_ends(tail, tables)][-1:]
    return bool(spare) and spare[0] < 8 and tail[-1] & (1 << spare[0]) - 1 == (1 << spare[0]) - 1


def _unit_ends(data: bytes, tables: list[tuple[_Codes, _Codes]]) -> Iterator[int]:
    """Yield the bit offset where each unit ends. Bits that start no code are skipped."""
    padded = data + bytes(3)
    position = block = coefficient = 0
    while position < 8 * len(data):
        at = position >> 3
        bits = int.from_bytes(padded[at : at + 3], "big") >> (8 - (position & 7)) & 0xFFFF
        code = tables[block][coefficient > 0][bits]
        position += code & 0xFF or 1
        coefficient += code >> 8
        if not code:
            coefficient = block = 0
        elif coefficient >= _BLOCK:
            coefficient, block = 0, (block + 1) % len(tables)
            if not block and position <= 8 * len(data):
                yield position
