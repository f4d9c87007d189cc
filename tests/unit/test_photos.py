"""Photos are checked by their bytes alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genvoris_flask.core.images.photos import PhotoError, check_photo
from genvoris_flask.core.locales import translate
from tests.support.pictures import jpeg_claiming, picture, png_claiming

pytestmark = pytest.mark.thorough

KINDS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "HEIF": "image/heic"}


@pytest.mark.parametrize("kind", KINDS)
def test_photo(kind: str) -> None:
    """The type and the size are read from the file."""
    photo = check_photo(picture(kind, (640, 480)))
    assert (photo.mimetype, photo.width, photo.height) == (KINDS[kind], 640, 480)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_truncated_photo(kind: str, share: float) -> None:
    """A truncated file is refused."""
    data = picture(kind, (640, 480))
    with pytest.raises(PhotoError) as caught:
        check_photo(data[: int(len(data) * share)])
    assert caught.value.code == "broken_photo"


def test_bytes_after_jpeg() -> None:
    """A JPEG file may be followed by other bytes, as some cameras write them."""
    assert check_photo(picture("JPEG") + b"\0" * 4096).mimetype == "image/jpeg"


def test_empty_photo() -> None:
    """An empty upload has a code of its own."""
    with pytest.raises(PhotoError) as caught:
        check_photo(b"")
    assert caught.value.code == "no_photo"


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a" + b"\0" * 100,
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"hello",
        b"\0\0\0\x18ftypmp42" + b"\0" * 40,
        b"\xff",
    ],
)
def test_other_files(data: bytes) -> None:
    """A file of another type is refused."""
    with pytest.raises(PhotoError) as caught:
        check_photo(data)
    assert caught.value.code == "not_a_photo"


@pytest.mark.parametrize(
    "data",
    [
        png_claiming(40_000, 40_000),
        jpeg_claiming(40_000, 40_000),
        png_claiming(2**31 - 1, 2**31 - 1),
    ],
)
def test_too_many_pixels(data: bytes) -> None:
    """A file that claims too many pixels is refused without decoding it."""
    with pytest.raises(PhotoError) as caught:
        check_photo(data)
    assert caught.value.code == "photo_too_many_pixels"


def test_no_pixels() -> None:
    """A picture without width is refused."""
    with pytest.raises(PhotoError) as caught:
        check_photo(png_claiming(0, 100))
    assert caught.value.code == "broken_photo"


def test_repr_has_no_data() -> None:
    """A photo that is logged by accident does not show its bytes."""
    assert "data" not in repr(check_photo(picture("JPEG")))


HEADS = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x10\0\0\0WEBP", b"\0\0\0\x10ftypheic"]


@given(st.sampled_from(HEADS), st.binary(max_size=300))
def test_any_bytes(head: bytes, rest: bytes) -> None:
    """Any bytes are a photo, or refused with a code that has a message."""
    try:
        photo = check_photo(head + rest)
    except PhotoError as error:
        assert translate(error.code).endswith(".")  # noqa: PT017
    else:
        assert photo.width > 0
        assert photo.height > 0


@given(st.data())
def test_corrupted_photo(data: st.DataObject) -> None:
    """A corrupted file is accepted or refused, and raises nothing else."""
    kind = data.draw(st.sampled_from(sorted(KINDS)))
    changed = bytearray(picture(kind, (40, 40)))
    for _ in range(data.draw(st.integers(1, 8))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    try:
        check_photo(bytes(changed))
    except PhotoError as error:
        assert error.code  # noqa: PT017
