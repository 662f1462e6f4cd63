"""The words of the built-in world: what each may be called, and how a thing is put into words."""

from __future__ import annotations

from overpaint.shapes.scene import COLOURS, SHAPES, Colour, Group, Relation, Shape, Size, Thing


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SHAPE_NAMES: dict[Shape, tuple[str, ...]] = {
    "circle": ("circle", "disc", "disk", "ball", "dot"),
    "square": ("square", "box"),
    "triangle": ("triangle",),
    "diamond": ("diamond", "rhombus"),
    "star": ("star",),
    "cross": ("cross", "plus"),
}
COLOUR_NAMES: dict[Colour, tuple[str, ...]] = {
    "red": ("red", "crimson", "scarlet"),
    "orange": ("orange",),
    "yellow": ("yellow", "golden", "gold"),
    "green": ("green", "emerald"),
    "blue": ("blue", "azure", "navy"),
    "purple": ("purple", "violet"),
    "black": ("black",),
}
SIZE_NAMES: dict[Size, tuple[str, ...]] = {
    "small": ("small", "little", "tiny", "mini"),
    "large": ("large", "big", "huge", "giant"),
}
NUMBER_NAMES = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
RELATIONS: dict[tuple[str, ...], Relation] = {
    ("above",): "above",
    ("over",): "above",
    ("atop",): "above",
    ("on", "top", "of"): "above",
    ("below",): "below",
    ("under",): "below",
    ("beneath",): "below",
    ("underneath",): "below",
}
"""Those of one fixed wording; `reading` adds the many ways to say left of and right of."""

PLACE_PHRASES = (
    "in the top left", "at the top", "in the top right", "on the left", "in the center", "on the right",
    "in the bottom left", "at the bottom", "in the bottom right",
)  # fmt: skip
"""One wording for each of PLACES, all known to the built-in painter."""

ROWS = {"top": 0, "upper": 0, "middle": 1, "center": 1, "centre": 1, "central": 1, "bottom": 2, "lower": 2}
COLUMNS = {"left": 0, "middle": 1, "center": 1, "centre": 1, "right": 2}
ALONE = {"top": 1, "bottom": 7, "left": 3, "right": 5, "middle": 4, "center": 4, "centre": 4}
"""Places named by one word."""
PICTURES = _words("picture image canvas photo drawing illustration scene frame painting")
GENERIC = _words("shape shapes object objects thing things item items figure figures element elements")
LIGHT = _words("plain light white simple clean flat empty pale bright blank solid")
GROUNDS = _words("background backdrop ground")
FILLER = PICTURES | _words(
    """of please exactly just only simply precisely draw show paint make create generate give me us i want would like
    need let see there here it be that's containing contains contain featuring features showing shows depicting
    depicts has have having placed positioned located drawn painted shown standing sitting lying filled solid
    coloured colored simple clean flat vector style sharp edges edge minimalist minimal evenly lit high quality
    geometric plain sign signs pictures images photos total all in"""
)
"""Words that ask for nothing."""


def plural(noun: str) -> str:
    """The plural of a shape's name."""
    return f"{noun}es" if noun.endswith(("s", "x")) else f"{noun}s"


def _spoken(names: dict[Shape, tuple[str, ...]]) -> dict[str, tuple[Shape, bool]]:
    words: dict[str, tuple[Shape, bool]] = {}
    for shape, synonyms in names.items():
        for noun in synonyms:
            words[noun], words[plural(noun)] = (shape, False), (shape, True)
    return words


SHAPE_WORDS = _spoken(SHAPE_NAMES)
"""Every noun to its shape and whether it is a plural."""
COLOUR_WORDS: dict[str, Colour] = {word: colour for colour, words in COLOUR_NAMES.items() for word in words}
SIZE_WORDS: dict[str, Size] = {word: size for size, words in SIZE_NAMES.items() for word in words}
NUMBER_WORDS = {word: n for n, word in enumerate(NUMBER_NAMES)} | {"single": 1, "pair": 2, "couple": 2, "dozen": 12}

MORE_SIZES: dict[str, Size] = {
    **dict.fromkeys(("teeny", "wee", "miniature"), "small"),
    **dict.fromkeys(("enormous", "massive", "gigantic"), "large"),
}
MORE_SHAPES: dict[str, tuple[Shape, bool]] = {"lozenge": ("diamond", False), "lozenges": ("diamond", True)}
MORE_NUMBERS = {"lone": 1, "sole": 1}
"""Further words that a brief may use and nobody else does: the built-in painter was not taught them."""

CAN_DRAW = (
    f"up to nine things: {', '.join(plural(s) for s in SHAPES[:-1])} and {plural(SHAPES[-1])}, "
    f"small or large, {', '.join(COLOURS[:-1])} or {COLOURS[-1]}, counted, in places such as '{PLACE_PHRASES[0]}', "
    "left of, right of, above or below each other"
)
"""What the built-in world holds, for messages."""


def article(words: str) -> str:
    """The words with "a" or "an" before them."""
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def kind_words(group: Group, many: bool | None = None) -> str:
    """Size, colour and shape of a group, such as "large red circles"; plural by its count unless `many` says."""
    noun = plural(group.shape) if (group.count > 1 if many is None else many) else group.shape
    return " ".join(word for word in (group.size, group.colour, noun) if word)


def counted(group: Group) -> str:
    """A group with its number, such as "two red circles" or "an orange star"."""
    return article(kind_words(group)) if group.count == 1 else f"{NUMBER_NAMES[group.count]} {kind_words(group)}"


def where(place: int | None) -> str:
    """A place as it follows a noun, with a space before it; nothing for None."""
    return "" if place is None else f" {PLACE_PHRASES[place]}"


def thing_words(thing: Thing, size: bool = True, place: bool = True) -> str:
    """One thing in the words the painter was taught, such as "a large red circle in the top left"."""
    words = f"{thing.colour} {thing.shape}"
    return article(f"{thing.size} {words}" if size else words) + (where(thing.place) if place else "")


def listed(parts: list[str]) -> str:
    """The parts as a list in a sentence, "and" before the last."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
