"""Photos are judged by their bytes alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genvoris_flask.core.images.photos import PhotoError, check_photo
from genvoris_flask.core.locales import say
from tests.support.pictures import jpeg_claiming, picture, png_claiming

KINDS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "HEIF": "image/heic"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_picture_is_taken_with_its_size(kind: str) -> None:
    photo = check_photo(picture(kind, (640, 480)))
    assert (photo.mimetype, photo.width, photo.height) == (KINDS[kind], 640, 480)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_picture_that_ends_too_soon_is_broken(kind: str, share: float) -> None:
    data = picture(kind, (640, 480))
    with pytest.raises(PhotoError) as caught:
        check_photo(data[: int(len(data) * share)])
    assert caught.value.code == "broken_photo"


def test_a_camera_may_append_to_its_jpeg() -> None:
    assert check_photo(picture("JPEG") + b"\0" * 4096).mimetype == "image/jpeg"


def test_no_bytes_are_no_photo() -> None:
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
def test_other_files_are_no_photos(data: bytes) -> None:
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
def test_a_picture_of_too_many_pixels_is_refused_by_its_header(data: bytes) -> None:
    with pytest.raises(PhotoError) as caught:
        check_photo(data)
    assert caught.value.code == "photo_too_many_pixels"


def test_a_picture_without_a_size_is_broken() -> None:
    with pytest.raises(PhotoError) as caught:
        check_photo(png_claiming(0, 100))
    assert caught.value.code == "broken_photo"


def test_a_photo_is_not_in_its_repr() -> None:
    assert "data" not in repr(check_photo(picture("JPEG")))


HEADS = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x10\0\0\0WEBP", b"\0\0\0\x10ftypheic"]


@given(st.sampled_from(HEADS), st.binary(max_size=300))
def test_whatever_the_bytes_are_the_answer_is_a_photo_or_a_sentence(
    head: bytes, rest: bytes
) -> None:
    try:
        photo = check_photo(head + rest)
    except PhotoError as error:
        assert say(error.code).endswith(".")  # noqa: PT017
    else:
        assert photo.width > 0
        assert photo.height > 0


@given(st.data())
def test_a_picture_with_changed_bytes_never_crashes_the_check(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(KINDS)))
    changed = bytearray(picture(kind, (40, 40)))
    for _ in range(data.draw(st.integers(1, 8))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    try:
        check_photo(bytes(changed))
    except PhotoError as error:
        assert error.code  # noqa: PT017
