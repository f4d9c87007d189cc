"""Photos on their way from a phone to a dialog: once, for one owner, for a few minutes."""

from __future__ import annotations

import pytest

from genvoris_flask.core.handover import (
    LINK_SECONDS,
    PHOTO_SECONDS,
    HandoverOverError,
    Handovers,
    HandoverUsedError,
)
from genvoris_flask.core.images.photos import Photo, check_photo
from genvoris_flask.core.storage.interface import NoSealer
from genvoris_flask.core.storage.memory_store import MemoryStore
from tests.support.pictures import picture


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def handovers(clock: Clock) -> Handovers:
    return Handovers(MemoryStore(clock), NoSealer(), clock)


@pytest.fixture
def photo() -> Photo:
    return check_photo(picture())


def test_photo_is_taken_once(handovers: Handovers, photo: Photo) -> None:
    """The dialog learns of each step, and what was taken is gone."""
    handover, token = handovers.open("ada")
    assert handovers.state(handover) == "waiting"
    handovers.connect(handovers.find_by_token(token))
    assert handovers.state(handover) == "connected"
    assert handovers.take(handover) is None
    handovers.send(handovers.find_by_token(token), photo)
    assert handovers.state(handover) == "sent"
    assert handovers.take(handovers.find(handover.id, "ada")) == photo
    assert handovers.take(handover) is None
    assert handovers.state(handover) == "taken"


def test_one_of_several_photos_is_kept(handovers: Handovers, photo: Photo) -> None:
    """A second phone, even one that had opened the link before, sends nothing."""
    handover, token = handovers.open("ada")
    phones = [handovers.find_by_token(token) for _ in range(2)]
    handovers.send(phones[0], photo)
    with pytest.raises(HandoverUsedError):
        handovers.send(phones[1], check_photo(picture(size=(90, 90))))
    with pytest.raises(HandoverUsedError):
        handovers.find_by_token(token)
    assert handovers.take(handover) == photo
    with pytest.raises(HandoverUsedError):
        handovers.find_by_token(token)


def test_link_expires(handovers: Handovers, clock: Clock) -> None:
    """After its time neither device finds it."""
    handover, token = handovers.open("ada")
    clock.now += LINK_SECONDS + 1
    with pytest.raises(HandoverOverError):
        handovers.find_by_token(token)
    with pytest.raises(HandoverOverError):
        handovers.find(handover.id, "ada")


def test_photo_expires(handovers: Handovers, clock: Clock, photo: Photo) -> None:
    """A photo that no dialog takes is gone after two minutes, and the link stays used."""
    handover, token = handovers.open("ada")
    handovers.send(handover, photo)
    clock.now += PHOTO_SECONDS + 1
    assert handovers.take(handover) is None
    with pytest.raises(HandoverUsedError):
        handovers.find_by_token(token)


@pytest.mark.parametrize("guess", ["", "x", "ä", "0" * 32])
def test_guesses_find_nothing(handovers: Handovers, guess: str) -> None:
    """Only the token opens the link, not even the id that the dialog uses."""
    handover, _ = handovers.open("ada")
    for token in (guess, handover.id):
        with pytest.raises(HandoverOverError):
            handovers.find_by_token(token)


def test_other_owners_find_nothing(handovers: Handovers) -> None:
    """Whoever has the id needs the owner's cookie as well."""
    handover, _ = handovers.open("ada")
    with pytest.raises(HandoverOverError):
        handovers.find(handover.id, "bob")


def test_new_link_replaces_the_last_one(handovers: Handovers, photo: Photo) -> None:
    """An owner has one link, and at most one photo, at a time."""
    first, token = handovers.open("ada")
    handovers.send(first, photo)
    second, _ = handovers.open("ada")
    other, _ = handovers.open("bob")
    with pytest.raises(HandoverOverError):
        handovers.find_by_token(token)
    assert handovers.take(first) is None
    assert handovers.state(handovers.find(second.id, "ada")) == "waiting"
    assert handovers.state(handovers.find(other.id, "bob")) == "waiting"


@pytest.mark.parametrize("age", [0, LINK_SECONDS - 1])
def test_latest_is_closed(clock: Clock, photo: Photo, age: float) -> None:
    """Whoever knows the owner alone can delete the photo, for as long as it is kept."""
    store = MemoryStore(clock)
    handovers = Handovers(store, NoSealer(), clock)
    handover, _ = handovers.open("ada")
    clock.now += age
    handovers.send(handover, photo)
    clock.now += PHOTO_SECONDS - 1
    assert not handovers.close_latest("bob")
    assert handovers.state(handover) == "sent"
    assert handovers.close_latest("ada")
    assert not handovers.close_latest("ada")
    assert handovers.take(handover) is None
    assert handovers.state(handover) == "waiting"


def test_latest_that_is_over(clock: Clock) -> None:
    """A link that its dialog has closed, or that has expired, is not counted as deleted."""
    handovers = Handovers(MemoryStore(clock), NoSealer(), clock)
    handover, _ = handovers.open("ada")
    handovers.close(handover)
    assert not handovers.close_latest("ada")
    handovers.open("ada")
    clock.now += LINK_SECONDS
    assert not handovers.close_latest("ada")


def test_closed_link(clock: Clock, photo: Photo) -> None:
    """Closing deletes a photo that has arrived, and refuses one that is under way."""
    store = MemoryStore(clock)
    handovers = Handovers(store, NoSealer(), clock)
    handover, _ = handovers.open("ada")
    handovers.send(handover, photo)
    handovers.close(handover)
    assert handovers.take(handover) is None
    late, _ = handovers.open("ada")
    handovers.close(late)
    with pytest.raises(HandoverOverError):
        handovers.send(late, photo)
    assert handovers.take(late) is None
