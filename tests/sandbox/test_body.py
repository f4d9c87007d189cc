"""Locating bodies in photos, and laying products on them."""

from __future__ import annotations

import io
import itertools
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from genvoris_flask.sandbox.pictures import MAX_VARIATIONS, make_pictures
from genvoris_flask.sandbox.pictures.body import Body, find_body
from genvoris_flask.sandbox.pictures.garment import measure
from genvoris_flask.sandbox.pictures.loading import cut_out
from tests.support.people import Person, cluttered_room, jpeg, open_jpeg, plain_wall

STATIC = Path(__file__).parent.parent.parent / "examples/demo_shop/static"
BLUE = (30, 60, 220)
INSIDE = (15, 25, 90)

# The positions of the necks in the demo shop's photos, in shares of the photo.
SAMPLES = {"amara": (0.5, 0.205), "jonas": (0.5, 0.2), "mei": (0.5, 0.2)}
FRAMINGS = {
    "in the middle": Person(),
    "far to the left": Person(x=340),
    "small and low": Person(x=700, crown=700, head=130),
    "close": Person(crown=60, head=480),
    "dark skin": Person(skin=(92, 58, 44)),
    "pale, in white": Person(skin=(240, 205, 190), shirt=(245, 245, 245)),
}


def shirt() -> bytes:
    """Draw a shirt with sleeves, and its inside to be seen through the collar."""
    image = Image.new("RGBA", (1000, 1000), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    for side in (-1, 1):
        sleeve = ((230, 60), (300, 90), (470, 720), (370, 740), (240, 300))
        draw.polygon([(500 + side * x, y) for x, y in sleeve], fill=BLUE)
    draw.rectangle((260, 40, 740, 980), fill=BLUE)
    draw.polygon([(260, 90), (390, 20), (610, 20), (740, 90)], fill=BLUE)
    draw.ellipse((410, 10, 590, 120), fill=INSIDE)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def bluish(picture: Image.Image, at: tuple[float, float]) -> bool:
    pixel = picture.getpixel((round(at[0]), round(at[1])))
    assert isinstance(pixel, tuple)
    return pixel[2] > pixel[0] + 60


@pytest.mark.parametrize("name", FRAMINGS)
def test_outline_is_found(name: str) -> None:
    """The neck and the trunk are located by the outline."""
    person = FRAMINGS[name]
    body = find_body(person.draw(plain_wall()))
    assert body.found == "outline"
    assert body.neck[0] == pytest.approx(person.x, abs=0.1 * person.head)
    assert body.neck[1] == pytest.approx(person.neck[1], abs=0.2 * person.head)
    assert body.trunk == pytest.approx(person.trunk, rel=0.2)


@pytest.mark.parametrize("name", SAMPLES)
def test_demo_photos_are_found(name: str) -> None:
    """The photos of the demo shop are located by the outline."""
    photo = Image.open(STATIC / f"people/{name}.jpg").convert("RGB")
    body = find_body(photo)
    assert body.found == "outline"
    x, y = SAMPLES[name]
    assert body.neck[0] / photo.width == pytest.approx(x, abs=0.02)
    assert body.neck[1] / photo.height == pytest.approx(y, abs=0.025)
    assert 0.3 < body.trunk / photo.width < 0.5


@pytest.mark.parametrize("wall", [(250, 248, 245), (40, 44, 60), (220, 190, 150), (120, 60, 60)])
def test_wall_colour_does_not_matter(wall: tuple[int, int, int]) -> None:
    """The outline is found in front of walls of any colour."""
    person = Person()
    body = find_body(person.draw(plain_wall(colour=wall)))
    assert body.found == "outline"
    assert body.neck[1] == pytest.approx(person.neck[1], abs=0.2 * person.head)


@pytest.mark.parametrize("degrees", [-10, 10])
def test_leaning_body_is_followed(degrees: int) -> None:
    """The product leans with the body."""
    wall = plain_wall()
    leaning = Person().draw(wall).rotate(degrees, fillcolor=wall.getpixel((5, 5)))
    body = find_body(leaning)
    assert body.found == "outline"
    assert body.lean == pytest.approx(degrees, abs=4)
    straight, tilted = (
        open_jpeg(make_pictures(jpeg(photo), shirt(), "apparel")[0])
        for photo in (Person().draw(wall), leaning)
    )
    assert ImageChops.difference(straight, tilted).getbbox()


def test_face_is_found_in_clutter() -> None:
    """The face is located if the background is cluttered."""
    person = Person(x=480)
    body = find_body(person.draw(cluttered_room()))
    assert body.found == "face"
    assert body.neck[0] == pytest.approx(person.x, abs=0.15 * person.head)
    assert body.neck[1] == pytest.approx(person.neck[1], abs=0.3 * person.head)


@pytest.mark.parametrize(
    "photo", [plain_wall(), Image.new("RGB", (3, 900)), Image.new("RGB", (1, 1))]
)
def test_usual_places_without_a_person(photo: Image.Image) -> None:
    """Without a person the usual positions are used."""
    body = find_body(photo)
    assert body.found == "usual places"
    assert body.neck[0] == photo.width / 2


@pytest.mark.parametrize("name", FRAMINGS)
def test_shirt_covers_trunk_only(name: str) -> None:
    """A shirt covers the trunk and leaves the face free."""
    person = FRAMINGS[name]
    photo = person.draw(plain_wall())
    made = open_jpeg(make_pictures(jpeg(photo), shirt(), "apparel")[0])
    by = made.width / photo.width
    x, y, head = person.x * by, person.neck[1] * by, person.head * by
    assert bluish(made, (x, y + 0.9 * head))
    assert bluish(made, (x - 0.4 * head, y + 0.9 * head))
    assert bluish(made, (x + 0.4 * head, y + 0.9 * head))
    assert not bluish(made, (x, y - 0.5 * head))
    assert not bluish(made, (x, y - 0.1 * head))


def test_neck_covers_collar_inside() -> None:
    """The neck is in front of the inside of the collar."""
    garment = measure(Image.open(io.BytesIO(shirt())), "apparel", "")
    assert garment.opening.getpixel((500, 70)) == 255
    assert garment.opening.getpixel((500, 300)) == 0
    person = Person()
    body = find_body(person.draw(plain_wall()))
    made = open_jpeg(make_pictures(jpeg(person.draw(plain_wall())), shirt(), "apparel")[0])
    by = made.width / 1200
    below_the_neck = made.getpixel((round(body.neck[0] * by), round((body.neck[1] + 8) * by)))
    assert isinstance(below_the_neck, tuple)
    assert below_the_neck[0] > below_the_neck[2]  # skin, not the dark blue inside


@pytest.mark.parametrize(
    ("product", "inside", "front"),
    [
        ("breton-top", (0, 0.045), (0, 0.25)),  # a label, on cloth with dark stripes
        ("lighthouse-knit", (0, 0.03), (-0.12, 0.19)),  # the collar's back, and a rib of its front
        ("allotment-jacket", (0, 0.01), (0, 0.2)),
        ("sunday-hoodie", (0, 0.02), (0, 0.45)),
    ],
)
def test_neck_covers_collar_back(
    product: str, inside: tuple[float, float], front: tuple[float, float]
) -> None:
    """The neck is in front of the back of a product's collar."""
    image = Image.open(STATIC / f"products/{product}.webp").convert("RGBA")
    garment = measure(cut_out(image), "apparel", product)

    def hidden(at: tuple[float, float]) -> bool:
        x, y = garment.middle + at[0] * garment.trunk, at[1] * garment.trunk
        return bool(garment.opening.getpixel((round(x), round(y))))

    assert hidden(inside)
    assert not hidden(front)


@pytest.mark.parametrize(
    ("product", "title", "kind"),
    [
        ("harbour-shirt", "", "top"),
        ("meadow-dress", "", "top"),
        ("sunday-hoodie", "", "top"),
        ("longshore-scarf", "", "neck"),
        ("longshore-scarf", "Longshore scarf", "neck"),
        ("plain-tee", "A cap, not a tee", "head"),
        ("ferry-bag", "Ferry bag", "hand"),
    ],
)
def test_product_kind(product: str, title: str, kind: str) -> None:
    """A product's kind is recognized by its shape or its name."""
    image = Image.open(STATIC / f"products/{product}.webp").convert("RGBA")
    assert measure(image, "apparel", title).kind == kind
    assert measure(image, "home", title).kind == "scene"


def test_trousers_start_at_the_waist() -> None:
    """Trousers are recognized by their legs and start at the waist."""
    image = Image.new("RGBA", (400, 800), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.polygon([(60, 0), (340, 0), (380, 800), (230, 800), (200, 200)], fill=BLUE)
    draw.polygon([(60, 0), (340, 0), (200, 200), (170, 800), (20, 800)], fill=BLUE)
    assert measure(image, "apparel", "").kind == "legs"
    file = io.BytesIO()
    image.save(file, "PNG")
    person = Person(head=180)
    made = open_jpeg(make_pictures(jpeg(person.draw(plain_wall())), file.getvalue(), "apparel")[0])
    by, (x, y) = made.width / 1200, person.neck
    assert not bluish(made, (x * by, (y + person.head) * by))
    assert bluish(made, (x * by, (y + 2.1 * person.head) * by))


def mean_colour(data: bytes, body: Body) -> list[float]:
    made = open_jpeg(data)
    by = made.width / 1200
    x, y, head = body.neck[0] * by, body.neck[1] * by, body.head * by
    chest = made.crop(
        (int(x - 0.3 * head), int(y + 0.8 * head), int(x + 0.3 * head), int(y + head))
    )
    return ImageStat.Stat(chest).mean


def test_product_adopts_the_light() -> None:
    """A product adopts the light of the photo."""
    photo = Person().draw(plain_wall())
    body = find_body(photo)
    dark = photo.point(lambda level: level // 2)
    red, green, blue = photo.split()
    warm = Image.merge("RGB", (red, green, blue.point(lambda level: level * 2 // 3)))
    usual, dim, warmer = (
        mean_colour(make_pictures(jpeg(each), shirt(), "apparel")[0], body)
        for each in (photo, dark, warm)
    )
    assert sum(dim) < 0.75 * sum(usual)
    assert warmer[2] < 0.95 * usual[2]


def test_shadow_below_the_hem() -> None:
    """A shadow falls on the body below the hem."""
    person = Person(shirt=(200, 200, 200))
    photo = person.draw(plain_wall())
    made = open_jpeg(make_pictures(jpeg(photo), shirt(), "apparel")[0])
    before = photo.resize(made.size)
    hem = max(y for y in range(400, 1200) if bluish(made, (480, y)))
    below = (470, hem + 4, 490, hem + 8)
    levels = [ImageStat.Stat(each.crop(below).convert("L")).mean[0] for each in (before, made)]
    assert levels[1] < 0.9 * levels[0]


def test_variations_differ() -> None:
    """Variations differ in their fit, and each is marked as a preview."""
    photo = jpeg(Person().draw(plain_wall()))
    made = make_pictures(photo, shirt(), "apparel", count=MAX_VARIATIONS)
    assert len(made) == MAX_VARIATIONS > 1
    plain = open_jpeg(photo).resize((960, 1280))
    for one, other in itertools.combinations(map(open_jpeg, made), 2):
        assert ImageChops.difference(one, other).convert("L").point(lambda d: d > 60).getbbox()
    for data in made:
        assert b"preview" in Image.open(io.BytesIO(data)).info["comment"]
        foot = (300, 1230, 660, 1270)
        change = ImageChops.difference(open_jpeg(data).crop(foot), plain.crop(foot)).convert("L")
        assert max(range(256), key=lambda level: level if change.histogram()[level] else 0) > 80
