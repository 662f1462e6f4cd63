"""Rewrites that leave out how a brief asks: greetings, thanks, "would you be so kind as to draw"."""

from __future__ import annotations

from overpaint.shapes.rewrites import PICTURE, STARTS

_MANNER = "(?:simple|clean|flat|vector|minimal|minimalist|plain|geometric)"
_NICE = "(?:nice|great|good|lovely|wonderful|perfect|awesome|cool|amazing|fantastic|ideal|fine|ok|okay|enough)"
_GLAD = "(?:happy|glad|grateful|thankful|pleased|delighted|thrilled)"
_DRAW = (
    "(?:draw|paint|make|create|generate|sketch|render|design|produce|show|do|add|put|include|give|get|see|have|send)"
)
_DRAWING = (
    "(?:drawing|painting|making|creating|generating|sketching|rendering|designing|producing|showing|doing|putting"
    "|adding|giving|getting|having|sending|drew|painted|made|created|generated|sketched|did)"
)
_SHOWS = "(?:have|has|show|shows|contain|contains|include|includes|feature|features|depict|depicts|hold|holds)"
_LEADS = "|".join(
    (
        "(?:can|could|would|will|may|might) (?:you|u|i|we)",
        "(?:be )?(?:so |very )?(?:kind|nice|good|sweet) (?:as|enough) to",
        "(?:are you|be) (?:able|willing) to",
        "mind|please|kindly|quickly|simply|just|ok|okay|so|well|now|hmm|yes|pretty",
        "do you think|do (?:me|us) a (?:favou?r|solid)(?: and)?|i wonder|i (?:was|am|have been) (?:just )?"
        "(?:wondering|hoping|thinking|looking|after)",
        "(?:if|whether|that) (?:you|u|i|we)(?: (?:can|could|would|will|may|might))?|if (?:possible|it is possible)",
        "(?:is|would) it (?:be )?(?:at all )?(?:possible|ok|okay|alright|feasible)",
        "(?:is there )?(?:any|a) (?:way|chance|possibility)(?: (?:that|of))?",
        rf"it (?:would|will) be (?:so |really |very )?{_NICE}",
        rf"(?:i|we) (?:would|will) be (?:so |really |very )?{_GLAD}(?: (?:with|about|to (?:get|have|see)))?",
        "(?:i|we) (?:would )?(?:really |very much |just |only )?(?:like|love|want|need|require|request|wish|appreciate"
        "|prefer|enjoy|hope)(?: for)?",
        "would (?:really )?(?:like|love|appreciate)|would be happy with|want|need",
        "(?:how|what) about|why (?:don't|not)(?: you| we)?|why don ?t (?:you|we)|let us|let me|go with|go for",
        "go ahead and|feel free to|try(?: to)?|attempt to|manage to|whip up|come up with|help me(?: to)?",
        "(?:your|the|my) (?:task|job|request|wish|order|brief|prompt|idea|assignment|goal)(?: today)?(?: is| :)",
        "(?:request|task|prompt|brief|order|input|instructions?|description|wanted|needed) :",
        "(?:dear|hi|hello|hey|hiya|greetings)(?: (?:there|all|painter|ai|artist|assistant|bot|robot|friend|buddy))?",
        "good (?:morning|afternoon|evening|day)",
        "(?:start|begin)(?: off| out)? (?:with|by)|all (?:i|we) (?:want|need) is|what (?:i|we) (?:want|need) is",
    )
)
_GLUE = rf"(?:to|for|that|if|of|you|me|us|i|be|can|could|would|will|perhaps|maybe|possibly|[,!.?]+|{_DRAW}|{_DRAWING})"
_LEAD = rf"(?:(?:{_LEADS}) )(?:(?:{_LEADS}|{_GLUE}) )*+"
_STOP = r"(?= [.,;!?)]|$| and thank)"

ASKING: tuple[tuple[str, str], ...] = (
    (r"(there|that|it|here|what)'s", r"\1 is"),
    (r"theres", "there is"),
    (r"thats", "that is"),
    (r"i'd|id(?= (?:like|love|want))", "i would"),
    (r"we'd", "we would"),
    (r"i'm", "i am"),
    (r"i've|ive", "i have"),
    (r"they're", "they are"),
    (r"let's|lets", "let us"),
    (r"dont", "don't"),
    (r"w /", "with"),
    (r"\+", "plus"),
    (r"=", ":"),
    (r"pics?|img", "picture"),
    (rf"(?:artwork|graphic|sketch|doodle|visual|icon)(?= (?:of|with|showing|containing|that|{STARTS}))", "picture"),
    (rf"(?:^|(?<=[.!?;:,] )){_LEAD}"
     rf"(?=(?:an? |the |one )?(?:\S+ )?(?:{STARTS}|{PICTURE}))", ""),
    (r"^(?:hi|hello|hey|ok|okay)(?: there)? [,.!]+", ""),
    (r"(?:can|could|would|will) (?:you|u)(?: kindly| perhaps| maybe)?", ""),
    (r"(?:can|could|may|might) (?:i|we)(?: please)? (?:get|have|see)", ""),
    (r"(?:i|we) would (?:really )?(?:like|love)(?: you)?(?: to)?(?: (?:have|see|get))?", ""),
    (r"(?:i|we) (?:want|need)(?: you)? to(?: (?:have|see|get))?", ""),
    (r"(?:i(?: am|'m) )?looking for|i am after|let (?:us|me)|give me|show me|gimme", ""),
    (r"(?:many |so many )?(?:thanks|thank you|thx|ty)(?: (?:so|very) much| a lot| a bunch| a ton| in advance)?", ""),
    (r"(?:,|-)? ?(?:much appreciated|cheers|asap|right now|as soon as possible|when(?:ever)? you can)" + _STOP, ""),
    (r"if (?:you (?:don't|do not|would not|wouldn't) mind|(?:it|that) is (?:ok|okay|possible|not too much trouble)"
     r"(?: with you)?)" + _STOP, ""),
    (rf"(?:that )?(?:would|will) (?:be|do|look)(?: (?:so |really |very )?{_NICE}| nicely)?(?: for me)?" + _STOP, ""),
    (r"(?:that is )?all (?:that )?(?:i|we) (?:want|need)(?: is)?|(?:that is )?what (?:i|we) (?:want|need)", ""),
    (r"nothing (?:fancy|special|complicated)(?: ,)?", ""),
    (r"pls|plz|kindly|if (?:you can|you could|possible)|(?:just )?for me", ""),
    (rf"(?:the|this|that|my|your|an?) {PICTURE} (?:(?:that )?(?:should|must|shall|will|needs to|has to|is to)"
     rf"(?: only| just| simply)?) {_SHOWS}", ""),
    (r"(?:please )?(?:make sure|ensure|be sure)(?: that| to)?", ""),
    (r"(?:want |need |like )?there to be", "there is"),
    (r"(?:the )?following(?: (?=:))?", ""),
    (r"^(?:we|i) (?:want|need)|(?<=[.!?] )we (?:want|need)", ""),
    (r"(?:should|must|shall|will|needs? to|has to|have to|ought to) be|goes", "is"),
    (rf"in an? (?:{_MANNER} ){{0,3}}style", ""),
)  # fmt: skip
"""In the order they are made; a negation matches none of them and is left to be refused."""
