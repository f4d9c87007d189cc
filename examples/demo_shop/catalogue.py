"""What the shop sells."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import url_for


@dataclass(frozen=True)
class Product:
    """One product, in one colour. ``price`` is in cents.

    The same garment in another colour is a product of its own, with the slug of the first one and
    its colour: ``plain-tee-moss``.
    """

    slug: str
    title: str
    price: int
    kind: str
    text: str
    details: tuple[str, ...]
    sizes: tuple[str, ...] = ("XS", "S", "M", "L", "XL")
    category: str = "apparel"
    colour: str = ""
    garment: str = ""

    @property
    def image_url(self) -> str:
        return url_for("static", filename=f"products/{self.slug}.webp")


PRODUCTS = (
    Product(
        "harbour-shirt",
        "Harbour shirt",
        8900,
        "Shirts",
        "A washed poplin shirt in the colours of a clear morning. Button-down collar, one pocket, "
        "and a hem that works tucked in or left out.",
        ("Cotton poplin, 120 g", "Mother-of-pearl buttons", "Made in Porto"),
    ),
    Product(
        "allotment-jacket",
        "Allotment jacket",
        18500,
        "Jackets",
        "The chore jacket, cut a little shorter. Three pockets for twine, keys and a paperback.",
        ("Cotton drill, 340 g", "Corozo buttons", "Gets better with every wash"),
    ),
    Product(
        "lighthouse-knit",
        "Lighthouse knit",
        16500,
        "Knits",
        "Six cables climb a sweater that is warm enough to skip the coat until November.",
        ("Undyed lambswool", "Knitted in one piece", "Wash cold, dry flat"),
    ),
    Product(
        "breton-top",
        "Breton top",
        6900,
        "Tees",
        "Twenty-one stripes, a boat neck and sleeves that stop at the wrist bone, as they should.",
        ("Heavy cotton jersey", "Stripes are knitted, not printed", "Made in Brittany"),
    ),
    Product(
        "plain-tee",
        "Plain tee",
        3900,
        "Tees",
        "A T-shirt with nothing on it and nothing wrong with it, in three colours from plants.",
        ("Organic cotton, 210 g", "Double-stitched collar", "Plant-based dye"),
    ),
    Product(
        "meadow-dress",
        "Meadow dress",
        14900,
        "Dresses",
        "A wrap dress full of small white flowers. It ties once and stays tied.",
        ("Viscose crepe", "Falls to the knee", "Hand-drawn print"),
    ),
    Product(
        "drizzle-coat",
        "Drizzle coat",
        24500,
        "Jackets",
        "A duffle coat for the kind of rain that does not deserve an umbrella.",
        ("Waxed cotton, wool lining", "Horn toggles", "Hood that takes a hat"),
    ),
    Product(
        "sunday-hoodie",
        "Sunday hoodie",
        9900,
        "Knits",
        "Brushed inside, quiet outside, with a pocket that fits two hands and a hot-water bottle.",
        ("Brushed organic cotton, 400 g", "Ribbed cuffs", "Cut wide"),
    ),
    Product(
        "longshore-scarf",
        "Longshore scarf",
        5900,
        "Accessories",
        "Rust tartan, long enough to go round twice and still make an exit.",
        ("Lambswool", "30 by 190 cm", "Woven in the Borders"),
        sizes=("One size",),
    ),
    Product(
        "ferry-bag",
        "Ferry bag",
        21000,
        "Accessories",
        "A saddle-leather bag for tickets, apples and a folded map. The strap is for the hand.",
        ("Vegetable-tanned leather", "Brass buckle", "28 by 22 cm"),
        sizes=("One size",),
        category="object",
    ),
)
COLOURS = {
    "plain-tee": ("Clay", "Moss", "Ink"),
    "sunday-hoodie": ("Plum", "Pine", "Oat"),
    "harbour-shirt": ("Sky", "Rose"),
}


def in_all_colours(product: Product) -> list[Product]:
    """Return a product in each of its colours, starting with the one given."""
    first, *others = COLOURS.get(product.slug, ("",))
    one = replace(product, colour=first, garment=product.slug)
    return [one, *(replace(one, slug=f"{one.slug}-{name.lower()}", colour=name) for name in others)]


GARMENTS = {product.slug: in_all_colours(product) for product in PRODUCTS}
BY_SLUG = {each.slug: each for colours in GARMENTS.values() for each in colours}


WORN_OVER = ("allotment-jacket", "drizzle-coat", "longshore-scarf", "ferry-bag")


def worn_with(product: Product) -> list[Product]:
    """Return what can be worn over a product."""
    return [BY_SLUG[slug] for slug in WORN_OVER if slug != product.garment]


def related(product: Product, count: int = 4) -> list[Product]:
    """Return other products, those of the same kind first."""
    others = [each for each in PRODUCTS if each.slug != product.garment]
    return sorted(others, key=lambda each: each.kind != product.kind)[:count]
