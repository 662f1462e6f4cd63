"""What one wish, such as "make the circle bigger", does to a scene; what it does not touch stays."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from overpaint.shapes import language, layout
from overpaint.shapes.captions import terse
from overpaint.shapes.parser import parse
from overpaint.shapes.phrases import Unclear
from overpaint.shapes.pointing import chosen, one_thing, stranger
from overpaint.shapes.scene import Group, Link, Size, Spec

VERBS = (
    "make", "paint", "color", "colour", "turn", "change", "enlarge", "grow", "shrink", "replace", "swap", "move",
    "put", "place", "shift", "add", "include", "remove", "delete", "drop", "erase", "take", "get", "leave",
)  # fmt: skip
"""The first words of wishes."""
NUMBER = rf"(?:\d+|{'|'.join(language.NUMBER_WORDS)})"
MORE: dict[str, Size] = {"bigger": "large", "larger": "large", "smaller": "small"}
_SIZES: dict[str, Size] = {**MORE, **language.SIZE_WORDS, **language.MORE_SIZES}
_QUALITY = f"(?:{'|'.join((*_SIZES, *language.COLOUR_WORDS))})"
_MUCH = "(?:(?:much|even|a bit|a little|way|a lot|slightly) )?"
_HOW = rf"(?P<how>{_MUCH}{_QUALITY}(?:(?: and|,) {_MUCH}{_QUALITY})*)"
_WHAT = r"(?P<what>it|them|everything|(?:the|both|all)(?: (?!(?:an?|is|are|not)\b)[^ ]+)+?(?<! and)(?<!,))"
_INTO = "(?:(?:in|to|into|by|with|for) )?"
_INSTEAD = "(?: instead)?"

Wish = Callable[[Spec, list[int], re.Match[str]], Spec]
"""From a scene, the groups that a wish names, and its words, to the scene after it."""


def changed(spec: Spec, wish: str, seen: Spec) -> Spec | None:
    """The spec after one wish; None where it is none that is known.

    Args:
        spec: what the picture is to show, after the wishes before this one.
        wish: in lower case.
        seen: the same groups by their names of before those wishes, which are the names that a person uses.

    Raises:
        Unclear: it does not say for certain what is meant.
        BadInput: what it adds is outside the built-in world.
    """
    for pattern, change in _WISHES:
        if found := re.fullmatch(pattern, wish):
            what = found.groupdict().get("what")
            return change(spec, chosen(seen, what) if what else [], found)
    return None


def _qualify(spec: Spec, at: list[int], found: re.Match[str]) -> Spec:
    words = re.findall(rf"{_MUCH}\b({_QUALITY})\b", found["how"])
    sizes = {_SIZES[word] for word in words if word in _SIZES}
    colours = {language.COLOUR_WORDS[word] for word in words if word in language.COLOUR_WORDS}
    if len(sizes) > 1 or len(colours) > 1:
        raise Unclear(f"a thing has one size and one colour, not '{found['how']}'")
    if not MORE.keys().isdisjoint(words):
        _refuse_extremes(spec, at, *sizes)
    told = {"size": next(iter(sizes), None), "colour": next(iter(colours), None)}
    return _with(spec, at, **told)


def _resize(spec: Spec, at: list[int], found: re.Match[str]) -> Spec:
    size: Size = "small" if found[0].startswith("shrink") else "large"
    _refuse_extremes(spec, at, size)
    return _with(spec, at, size=size)


def _refuse_extremes(spec: Spec, at: Sequence[int], size: Size) -> None:
    if all(spec.groups[index].size == size for index in at):
        raise Unclear(f"it is to be {size} already, and things are either small or large")


def _reshape(spec: Spec, at: list[int], found: re.Match[str]) -> Spec:
    """Make a thing another one; what is not said of the new one stays as it was."""
    wanted = one_thing(found["other"])
    if _how_many(spec.groups[index] for index in at) > 1:
        raise Unclear(f"'{found['what']}' means several things, '{found['other']}' is one; say the whole brief anew")
    told = {"shape": wanted.shape, "colour": wanted.colour, "size": wanted.size, "place": wanted.place}
    return _with(spec, at, **told)


def _move(spec: Spec, at: list[int], found: re.Match[str]) -> Spec:
    """Give a thing a place; of its relations only those go that cannot hold there."""
    if _how_many(spec.groups[index] for index in at) > 1:
        raise Unclear("several things cannot be moved to one place; move them one by one")
    place = one_thing(f"a circle {found['where']}").place
    if place is None:
        raise Unclear(f"'{found['where']}' is none of the nine places, such as 'the top left' or 'the center'")
    moved = _with(spec, at, place=place)
    links = [k for k in spec.links if at[0] not in (k.subject, k.target) or layout.possible(Spec(moved.groups, (k,)))]
    return Spec(moved.groups, tuple(links))


def _add(spec: Spec, at: list[int], found: re.Match[str]) -> Spec:
    phrase = re.sub(rf"^(?:another|one more) |^({NUMBER}) more ", lambda more: f"{more[1] or 'a'} ", found["thing"])
    if phrase.startswith("the "):
        raise Unclear(f"it does not say whether '{phrase}' is one more; say 'add a …' where it is")
    if unknown := stranger(phrase, spec):
        raise Unclear(f"the picture is not to show '{unknown}'")
    after = parse(f"{terse(spec)} . {phrase}")
    kept = after.groups[: len(spec.groups)] == spec.groups and set(spec.links) <= set(after.links)
    if not kept or len(after.groups) == len(spec.groups):
        raise Unclear(f"it does not say for certain what to add by '{phrase}'")
    return after


def _put_in(spec: Spec, at: list[int], found: re.Match[str]) -> Spec:
    after = _add(spec, at, found)
    if {group.shape for group in spec.groups} & {group.shape for group in after.groups[len(spec.groups) :]}:
        raise Unclear(f"it does not say whether '{found['thing']}' is one more; say 'add …' or 'move the …'")
    return after


def _remove(spec: Spec, at: list[int], found: re.Match[str]) -> Spec:
    left = [index for index in range(len(spec.groups)) if index not in at]
    if not left:
        raise Unclear("nothing would be left; say what to paint instead")
    now = {old: new for new, old in enumerate(left)}
    kept = [k for k in spec.links if k.subject in now and k.target in now]
    links = [Link(now[k.subject], k.relation, now[k.target]) for k in kept]
    return Spec(tuple(spec.groups[index] for index in left), tuple(links))


_WISHES: tuple[tuple[str, Wish], ...] = (
    (rf"(?:make|paint|colou?r|turn|change) {_WHAT} (?:(?:in|to|into|be) )?{_HOW}{_INSTEAD}", _qualify),
    (rf"(?:i want )?{_WHAT} (?:should be|must be|shall be|to be) {_HOW}{_INSTEAD}", _qualify),
    (rf"(?:enlarge|grow|shrink) {_WHAT}", _resize),
    (rf"(?:make|turn|change|replace|swap) {_WHAT} {_INTO}(?P<other>an? .+?){_INSTEAD}", _reshape),
    (rf"(?:move|put|place|shift) {_WHAT} (?:to )?(?P<where>(?:(?:in|at|on|into) )?the .+?){_INSTEAD}", _move),
    (r"(?:add|include|put in) (?P<thing>.+)", _add),
    (rf"(?:put|place) (?P<thing>(?:an?|another|{NUMBER}) .+)", _put_in),
    (rf"(?:remove|delete|drop|erase|take away|get rid of|leave out) {_WHAT}", _remove),
)  # fmt: skip


def _how_many(groups: Iterable[Group]) -> int:
    return sum(group.count for group in groups)


def _with(spec: Spec, at: Iterable[int], **told: Any) -> Spec:
    """The spec with these groups changed; what is told as None stays as it was."""
    groups = list(spec.groups)
    for index in at:
        groups[index] = replace(groups[index], **{name: value for name, value in told.items() if value is not None})
    return Spec(tuple(groups), spec.links)
