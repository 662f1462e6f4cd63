"""What happens, in what order.

flow.py                 the wiring, on one screen
state.py                the nouns of a run, and how parallel branches merge them
attempt.py              what one Send carries to a candidate
settings.py             every setting, presets, merging
method_settings.py      those of the methods
chat_settings.py        those of the chat roles
fields.py               how a setting is declared
interface.py            what goes into a run and what comes out
crowning.py             who is champion, and which picture is at work; pure
controller.py           the brain: what to paint next and why, or why to stop; pure
allowance.py            what each step may spend, so that no cap is passed; pure
costs.py                what the painter and the judge may cost at worst
beliefs.py              from a judge's answers to what is believed; pure
places.py               boxes to repaint, free space; pure
schemas.py              what writer and critic answer with
method_schemas.py       what models answer with under other methods
templates.py            prompt texts that a user's own replace
record.py               the full record of a candidate
checklists.py           checklists that people write, and their fingerprints
minting.py              ids, seeds and all that a candidate needs; where a plan leads
messages.py             the brief in a chat message, pictures in five block shapes
people.py               one interrupt in the shape chats know, and reading the answer
waiting.py              rate limits waited out, drains noticed
effective.py            the settings in force, and those given anew
fitting.py              prompts that the painter reads whole
looking.py              one look of the judge at a picture
toolbox.py              stores and models for the settings at hand
persistence.py          LangGraph's savers and stores, on SQLite and PostgreSQL
kept.py                 which runs there are, and their checkpoints
forking.py              the beginning of a fork
nodes/                  one file per node
  intake.py             take the brief, settle all that must survive a crash
  upsample.py           write the first prompt, or prompts
  specify.py            turn the brief into the checklist
  decide.py             run the controller, mint candidates
  generate.py           paint one candidate, hold it against the free gate
  judge.py              judge one candidate, write the record
  critique.py           find what to paint next
  compare.py            choose what is delivered among all captions
  review.py             a person looks at prompts, or at a new champion
  review_checklist.py   a person looks at the checklist
  deliver.py            give back the champion and the receipt
writers/                how first prompts are written: one file per method
judges/                 how pictures are judged
critics/                where the next prompt comes from
"""
