"""Puts rows and columns into single places: "top row: a star on the left" is a star in the top left."""

from __future__ import annotations

import re

from overpaint.shapes import language
from overpaint.shapes.rewrites import COLOUR, NOUN, NUMBER, SIZE

_ROW = "top|upper|middle|center|centre|bottom|lower"
_COLUMN = "left|middle|center|centre|right"
_LINE = re.compile(
    rf"(?<!\S)(?:(?:in|on|at|for|along|across|to) )?(?:the )?"
    rf"(?:(?P<row>{_ROW}) row|(?P<column>{_COLUMN})(?: hand)? column)(?!\S)"
)
_PART = "(?: (?:side|end|cell|slot|spot|position|edge))?"
_OF_LINE = re.compile(
    rf"(?<!\S)(?:(?:in|on|at|to) )?the (?:(?P<x>{_COLUMN}){_PART} of the (?P<row>{_ROW}) row"
    rf"|(?P<y>{_ROW}){_PART} of the (?P<column>{_COLUMN})(?: hand)? column)(?!\S)"
)
_STOP = re.compile(r" [.;!?]")
_LEADS_IN = re.compile(r"^(?: (?:[:,\u2013]|is|are|has|have|contains|there is|there are|put|draw|with|holds))*")
_PHRASE = rf"(?:(?:an?|one|{COLOUR}|{SIZE}) ){{0,4}}{NOUN}"
_THREE = re.compile(rf" ({_PHRASE})(?: ,)?(?: and)? ({_PHRASE})(?: ,)?(?: and)? ({_PHRASE})")


def by_rows(text: str) -> str:
    """The same brief with a place for each thing in a row or column; unchanged where that is not certain."""
    text = _OF_LINE.sub(lambda found: _cell(found["row"] or found["y"], found["x"] or found["column"]), text)
    lines = list(_LINE.finditer(text))
    if not lines:
        return text
    out, done = [text[: lines[0].start()]], lines[0].start()
    for line, after in zip(lines, [*lines[1:], None], strict=True):
        stop = _STOP.search(text, line.end())
        end = min(found.start() for found in (stop, after) if found) if stop or after else len(text)
        said = _placed(line, _LEADS_IN.sub("", text[line.end() : end]).rstrip())
        if said is None or not _opens(text[max(0, line.start() - 5) : line.start()]):
            return text
        out += [text[done : line.start()], said]
        done = end
    return "".join([*out, text[done:]])


def _opens(before: str) -> bool:
    """Whether a clause begins here."""
    return not before.strip() or before.rstrip().split(" ")[-1] in (*".;!?,:", "and", "\N{EN DASH}")


def _placed(line: re.Match[str], things: str) -> str | None:
    """What stands in one row or column, a place with each thing; None where a thing has none."""
    nouns = re.findall(rf"(?<!\S){NOUN}", things)
    many = re.search(rf"(?<!\S)(?!(?:one|single|1) ){NUMBER}", things)
    if many or any(language.SHAPE_WORDS.get(noun, ("", True))[1] for noun in nouns):
        return None
    spots = _spots(line)
    tidy, joined = re.subn(spots, lambda found: _at(line, found[1]), things)
    if joined == len(nouns) and nouns:
        return tidy
    three = _THREE.fullmatch(re.sub(r"(?: ,)?(?: and)?$", "", things))
    if joined or not three:
        return None
    ends = ("left", "middle", "right") if line["row"] else ("top", "middle", "bottom")
    told = " , ".join(f"{thing} {_at(line, spot)}" for thing, spot in zip(three.groups(), ends, strict=True))
    return f" {told} ,"


def _spots(line: re.Match[str]) -> str:
    ends = _COLUMN if line["row"] else _ROW
    return rf"(?<!\S)(?:(?:in|on|at|to) )?(?:the )?(?:far |very )?({ends})(?: hand)?{_PART}(?! of)(?!\S)"


def _at(line: re.Match[str], spot: str) -> str:
    return _cell(line["row"], spot) if line["row"] else _cell(spot, line["column"])


def _cell(row: str, column: str) -> str:
    return language.PLACE_PHRASES[3 * language.ROWS[row] + language.COLUMNS[column]]
