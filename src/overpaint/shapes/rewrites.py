"""Rewrites of what is said of things, in the order they are made: patterns over words parted by single spaces."""

from __future__ import annotations

import re
from collections.abc import Iterable

from overpaint.shapes import language


def any_of(*names: Iterable[str]) -> str:
    """A pattern for each of these words, whole."""
    words = sorted({re.escape(word) for words in names for word in words})
    return f"(?:{'|'.join(words)})(?!\\S)"


COLOUR = any_of(language.COLOUR_WORDS)
SIZE = any_of(language.SIZE_WORDS, language.MORE_SIZES)
NUMBER = rf"(?:\d+(?!\S)|{any_of(language.NUMBER_WORDS, language.MORE_NUMBERS)})"
NOUN = any_of(language.SHAPE_WORDS, language.MORE_SHAPES)
PICTURE = any_of(language.PICTURES)
STARTS = rf"(?:(?:an?|the|both)(?!\S)|{NUMBER}|{COLOUR}|{SIZE}|{NOUN})"
"""What a noun phrase may begin with."""
_HUE = r"(?:colou?rs?|shade|hue|tone)(?!\S)"
_HUED = r"(?:colou?rs?|colou?red|shaded?|hued?|toned?|tinted)(?!\S)"
_GENERIC = any_of(word for word in language.GENERIC if not word.endswith("s"))
_RANK = rf"(?:{'|'.join(language.ORDINALS)}|last|final|other)"
_HAND = "(?:(?: hand)?(?: (?:side|edge))?)"
_BELOW = "(?:above|below|under|underneath|beneath|over|atop|on top of)"
_MIDDLE = "(?:center|centre|middle)"
_DONE = r"(?:$| [^\w\s]| and the| please)"
"""What follows a colour that is told of a noun before it."""

MARKS: tuple[tuple[str, str], ...] = (
    (r"1st|firstly", "first"),
    (r"2nd|secondly", "second"),
    (r"3rd|thirdly", "third"),
    (r"(?:,|and) (?:lastly|finally)(?: ,)?", ","),
    (rf"({_RANK}) {_GENERIC}", r"\1 one"),
    (r"(?:(?:a|the) )?(?:combination|mix|mixture|combo) of", ""),
    (rf"an? (?:group|set|bunch|collection) of (?={NUMBER})", ""),
    (r"paired with|combined with|joined by|coupled with", "and"),
    (rf"(?:of|in|with) different {_HUE}(?= [:,])", ""),
    (rf"(\S+)['\u2019]s (?={_HUE})", r"\1 "),
    (rf"(\d+) \( {NUMBER} \)|{NUMBER} \( (\d+) \)", r"\1\2"),
)
"""Made before lists are looked for."""
_ASIDES: tuple[tuple[str, str], ...] = (
    (r"(?:and )?(?:that|this) is (?:it|all)", ""),
    (r"(?:and )?no more(?:(?: and| ,)? no less)?|(?:and )?nothing more|nothing but", ""),
    (r"on its own|(?:all )?by itself|all alone|(?:and )?without anything else|(?:, )?one of each", ""),
    (rf"(?:with )?(nothing else)(?: (?:at all|there|around|(?:in|on) (?:it|(?:the |this )?{PICTURE})))?", r"\1"),
    (
        rf"(?:on|in|across) (?:the|an?|this|one|my) {PICTURE}"
        rf"(?= (?:[,.:;?!]|{STARTS}|draw|paint|put|there|with)|$)",
        "",
    ),
    (r"(of|in|on) (the|a) (?:page|sheet|screen|paper)", r"\1 \2 picture"),
    (rf"({PICTURE}) (?:where|in which|on which)", r"\1"),
    (r"as well as|along with|together with|in addition to|accompanied by", "and"),
    (r"as well|too|altogether|in (?:all|total)", ""),
)
_COUNTS: tuple[tuple[str, str], ...] = (
    (rf"(\d+)x|(\d+) x(?= {STARTS})", r"\1\2"),
    (r"x (\d)", r"x\1"),
    (rf"(\d)({COLOUR}|{SIZE}|{NOUN})", r"\1 \2"),
    (rf"and ({NUMBER}) of (?=(?:them|these|those)(?!\S))", r", \1 of "),
    (rf"({NUMBER}|both|all|others?|rest) of (?:them|these|those|which)", r"\1"),
    (rf"(?:the )?number of ({NOUN})(?: is| :| =)?", r"\1 :"),
    (r"(?:a )?trio of", "three"),
    (r"(?:a )?duo of", "two"),
    (r"two pairs of", "four"),
    (r"three pairs of", "six"),
    (r"circular (shapes?)", r"circle \1"),
    (r"triangular (shapes?)", r"triangle \1"),
    (r"(?:five|5) pointed (?=(?:\S+ ){0,2}stars?(?!\S))", ""),
    (rf"perfect (?={NOUN})|(?:single )?(?:, )?lonely (?={STARTS})", ""),
    (rf"({NOUN}) symbols?", r"\1"),
    (rf"(?<=and )another (?=(?:(?:{COLOUR}|{SIZE}) )*{NOUN})", "a "),
    (r"half a dozen(?: of)?", "six"),
)
_COLOURS_AND_SIZES: tuple[tuple[str, str], ...] = (
    (rf"(?:really |very )+(?={SIZE})", ""),
    (rf"(?:bright|vivid|pure) (?={COLOUR})", ""),
    (rf"({SIZE}) sized?", r"\1"),
    (rf"in ({COLOUR}) plus (?={STARTS})", r"in \1 and "),
    (rf"(?:in|of|with|has|having) (?:an? |the )?({COLOUR}) {_HUE}(?! (?:{SIZE} )?{NOUN})", r"in \1"),
    (rf"({COLOUR}) (?:in|by) {_HUE}", r"\1"),
    (rf"({COLOUR}) {_HUED}", r"\1"),
    (rf"(?:the )?{_HUE} of (the (?:(?:{COLOUR}|{SIZE}) )?{NOUN}) (?:is|:)", r"\1 is"),
    (rf"(?:in|of|with|has|having) (?:the )?{_HUE} (?:of )?(?={COLOUR})", "in "),
    (
        rf"(?:(?:and|but|please|then) ){{0,3}}(?:colou?r|paint|make|fill)(?: (both|all)(?: of)?)? "
        rf"(?:it|them|that|this)(?: (both|all))?(?: be)?(?: in)? (?={COLOUR}|{SIZE})",
        r"in \1\2 ",
    ),
    (r"in ((?:both|all) )(?=\S)", r"\1"),
    (
        rf"(?:colou?r|paint|make|fill) (the {NOUN}) and (the {NOUN}) (?:both )?(?:in )?(?={COLOUR}{_DONE})",
        r"\1 and \2 , both in ",
    ),
    (rf"(?:colou?r|paint|make|fill|draw|have) (the {NOUN}) (?:in )?(?=(?:{COLOUR}|{SIZE}){_DONE})", r"\1 is "),
    (rf"({NOUN}) and ((?:the )?{NOUN}) (?={COLOUR}{_DONE})", r"\1 and \2 in "),
    (rf"(the {NOUN}) (?=(?:{COLOUR}|{SIZE}){_DONE})", r"\1 is "),
    (rf"({NOUN}) (?={COLOUR}(?: [,.;]|$))", r"\1 in "),
    (
        rf"(?:make|paint|colou?r) (an? (?:{SIZE} )?{NOUN})(?: in)? (?={COLOUR}(?:$| [^\w\s]| and| please))",
        r"\1 in ",
    ),
    (r"(?:, )?(?:where|such that|so that)(?= (?:the|both|all) )", "."),
    (r"everything (?:is |in )?", "all in "),
    (
        rf"(?:(?:with |and )?(?:its|the|whose|in) )?{_HUE} (?:(?:is|:|=|of) )?"
        rf"(?={COLOUR}(?: [^\w\s]|$| and))",
        "in ",
    ),
    (
        r"(?:coloured|colored|painted|drawn|filled|shaded|tinted|shown|entirely|completely)(?: in| with)? "
        rf"(?={COLOUR}(?! (?:{COLOUR}|{SIZE}|{NOUN})))",
        "in ",
    ),
    (rf"(?:in|of) (?:an? )?({SIZE}) size|({SIZE}) in size|size (?:: |is )?({SIZE})", r"in \1\2\3"),
    (rf"({NOUN}) shaped", r"\1"),
)
_PLACES: tuple[tuple[str, str], ...] = (
    (rf"({NOUN}) (?:(?:that|which) )?(?:has|have|having|featuring) (?=(?:an?(?!\S)|{NUMBER}))", r"\1 with "),
    (r"(?:position|location)(?: :| is)?", ""),
    (r"(top|upper|bottom|lower)(left|right)", r"\1 \2"),
    (r"(left|right) (top|upper|bottom|lower)(?! (?:of|than))", r"\2 \1"),
    (
        rf"(?:very|dead|exact|far) (?={_MIDDLE}|top|bottom|left|right)"
        rf"|(?:right|smack|smack dab|bang) (?=in the {_MIDDLE})",
        "",
    ),
    (r"cent(?:rally|ered|red)(?: (?:placed|located|positioned))", "in the center"),
    (rf"(an?|one) (?:cent(?:ered|red)|central) ((?:(?:{COLOUR}|{SIZE}) )*{NOUN})", r"\1 \2 in the center"),
    (
        rf"(an?|one) ((?:top|upper|bottom|lower) (?:left|right)) ((?:(?:{COLOUR}|{SIZE}) )*{NOUN})",
        r"\1 \3 in the \2",
    ),
    (r"((?:top|upper|bottom|lower) (?:left|right)) (?:part|area|section|region|quadrant|portion)", r"\1"),
    (r"(?:by|along|against) (the (?:top|bottom|left|right)(?: (?:edge|side|border))?)", r"at \1"),
    (r"((?:top|bottom|left|right)) border", r"\1 edge"),
    (r"up top", "at the top"),
    (
        rf"(?:that is )?(?:floating|hovering|hanging|resting|situated|set|arranged|appearing|found) "
        rf"(?={_BELOW}|(?:in|at|to|on|near) the (?:top|bottom|left|right|upper|lower|center|centre|middle))",
        "",
    ),
    (rf"({NOUN})(?: ,)? cent(?:ered|red)", r"\1 in the center"),
    (rf"(?:next to|beside|adjacent to) it(?: and| ,)? (?:to|on|at) (?:its|the) (left|right){_HAND}", r"\1 of it"),
    (rf"(?:to|on|at|by) its (?:immediate )?(left|right){_HAND}", r"\1 of it"),
    (rf"(?:directly|immediately|straight|just|exactly) (?={_BELOW}|to the|left of|right of)", ""),
    (r"immediate (?=left|right)", ""),
    (rf"(?<!the )(?<!to )(?<!and )(?<!top )(?<!bottom )(?<!upper )(?<!lower )(?<!middle )right (?={_BELOW})", ""),
    (r"up (?=above)|down (?=below)", ""),
    (rf"on the top of (?!(?:the |this |a )?{PICTURE})", "above "),
    (rf"(left|right) (?:to|from) (?={STARTS}|it )", r"\1 of "),
    (rf"to the (?:top|upper) (left|right) of (?!(?:\S+ )?{PICTURE})", r"above and \1 of "),
    (rf"to the (?:bottom|lower) (left|right) of (?!(?:\S+ )?{PICTURE})", r"below and \1 of "),
    (r"higher than", "above"),
    (r"lower than", "below"),
)
REWRITES = (*_ASIDES, *_COUNTS, *_COLOURS_AND_SIZES, *_PLACES)
