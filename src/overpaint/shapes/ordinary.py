"""Ordinary words that look like a slip of a known word and are none: "stair" is not a misspelt star.

Every word of an English dictionary (British and American) that `spelling` would otherwise take for one of its words.
"""

from __future__ import annotations

_WORDS = """
abode azures baal baals back background backgrounded backgrounder backgrounds bail bails bald balds bale bales bali
balk balks ballsy balm balms bath bawl bawls bell bellow bells bequeath beth bill bills blacks blank block blow
blued bluer blues bluet bluey blum blur bodes boles boll bolls bones booth bores bosh bot botch bothy bots bottoms
bowes boxed boxen boxer boxers broth bull bulls caisson canter caresses carouses censer centers centralia centrally
centrals centred centres centrex centric centrum chesses chicles chooses cinches circe circlets circlip circlips
circuses cirques classes clemson closured clouded clouted cohered coiner collied colluded colo colon colonel colones
colorado coloreds colorized colors coloureds colourer colourers colourised colourized colours conjured conner
contoured contrail contras control coracles corder corer corker cornea corned cornel corners cornet cornier coroner
corpses cossets coupe coupled coupler couples couplet covered cowered crampon crashes crass crasser crassest creases
cress cresses crimean crimsoned crimsons criss crocuses croesus cronies crookes crops crosier crosiers crossed
crosser crossers crossest crossly crossness crows cruises crushes cultured curdles ddts desk desks desmond diamine
diamines dick dicks dink dirk dirks discos discus dobs docs does dogs dolts dons dos doss dost dote dotes doth doyen
doze dozed dozens dozer dozes drab drag dram drat drawl draws dray drew dusk dusks eights eighty elevens elven
emeralds emerged esmeralda fave fie fife file fine fire fiver fives flour for foul fours fur geld giants gild goad
god golda golder golds golf good gould grant greed greek greene greens greer greet gulden hue hug huger hugh hugo
hugs hume icicles imaged imagen imager imago lange larger larges largo largs lefts lefty lent lest lift littler
littles loft loner loper loser lover lowe lowed loweri lowers lowery mani mbini meddle middled middler middles midi
mimi min mina mind mine ming minim minis mink minn mins mint minx muddle nagy nary nave navvy nay netting nice
niching nike nile nina nines niue nocking nodding noising none noosing norming northing noshing notating notching
nothings noticing noting notting nuder nutting ocher odt orang oranges orangey otter paar paid pail pain pairs par
parr pasture pauses pictured pius pleas pleased pleaser pleases plug plugs plum plumes plums plush plushes posture
pulses puncture purpled purpler purples pus reed rhombic righto rights saar sars scape scapes scar scarcer scarcest
scarfed scarier scariest scarlett scarped scarper scarred scars scarves sear sears seen semen sevens sever severn
shade shades shake shakes shale shall shame shames shane shapers share shares sharpe shave shaves shingle singe
singled singles singlet singly sitar sitars smalls smell snape snarled snarler soar soars spar spars squalls
squarely squarest squarish squashes squawks squire squired squires squirms squirts stab stabs stag stags stair
stairs stall stan stares starlet starlets starlit starts stat stats stay stays steven stir stirs stuarts sven
tangles taree teen tenn thee theme therm these threes threw throe tidy tin tina tine ting tingles tinny tins tint
tiree tony tow trangie tree triable triages tsar tsars twelves tyree udder underneaths upped uppers violent violets
width wish wit witch withe wits witt yellows yellowy zeno zeros
"""
ORDINARY = frozenset(_WORDS.split())
