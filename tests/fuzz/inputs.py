"""Generates inputs for the fuzzer: inputs of the corpus, changed, cut, repeated and mixed."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

MAX_LENGTH = 12 * 1024
MAX_CHANGES = 6
_NUMBERS = [
    *(b"\0", b"\1", b"\x7f", b"\x80", b"\xff", b"\0\0", b"\xff\xff", b"\0\0\0\0", b"\xff" * 4),
    *(b"\0\0\0\1", b"\1\0\0\0", b"\x7f\xff\xff\xff", b"\0\0\x01\0"),
]


@st.composite
def changed(draw: st.DrawFn, seeds: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """Draw an input that is made from seeds."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(0, MAX_CHANGES))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 64) | st.integers(0, len(data))))
        match draw(st.sampled_from(("bytes", "number", "word", "cut", "repeat", "mix"))):
            case "bytes":
                data = data[:start] + draw(st.binary(max_size=16)) + data[end:]
            case "number":
                number = draw(st.sampled_from(_NUMBERS))
                data = data[:start] + number + data[start + len(number) :]
            case "word" if words:
                data = data[:start] + draw(st.sampled_from(words)) + data[start:]
            case "cut":
                data = data[:start] + data[end:]
            case "repeat" if start < end:
                most = max(1, (MAX_LENGTH - len(data)) // (end - start))
                times = draw(st.integers(1, 8) | st.integers(1, most))
                data = data[:start] + data[start:end] * times + data[end:]
            case "mix":
                other = draw(st.sampled_from(seeds))
                data = data[:start] + other[draw(st.integers(0, len(other))) :]
    return data[:MAX_LENGTH]
