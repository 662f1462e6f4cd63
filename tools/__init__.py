"""What the agent can do: LangChain tools over painters and chat models. Imports nothing of the rest of overpaint.

generate_image.py       the tool that paints
painting.py             its arguments and its result
inspect_image.py        the tool that looks
painters.py             the Painter protocol and the registry
refusals.py             what a painter would have to ignore is refused by name
chat.py                 chat models by name
chat_clients.py         LangChain's client of a provider, with an address and a key of its own
copy_limits.py          how large a copy of a picture each provider takes
references.py           pictures by reference, so that no trace holds bytes
salvage.py              answers that a client received and raised on
asking.py               one structured question: an answer, or what was wrong with it
ladder.py               the ways of asking for structured output, remembered per model
calling.py              one call: within its room, in its turn, counted
yes_probability.py      how likely a yes is, where a server tells
budget.py               what may still be spent, and what a call may cost at worst
prices.py               what models cost, from prices.yaml and a file of the user's
pacing.py               how hard one provider is asked at a time
keys.py                 keys from the environment or files
addresses.py            which addresses of servers may be used
vendors.py              whose server an address is
redirects.py            clients that take no prompt elsewhere
metering.py             what is heard of the model calls of one question
call_log.py             every model call, without keys and picture bytes
provider_errors.py      what a provider's failure means
images.py               the image store
records.py              the record store
files.py                content-addressed files, written whole or not at all
decoding.py             decoding pictures nobody vouches for
picture_parts.py        a file taken apart without losing a byte
picture_metadata.py     what an exported file says of itself
picture_formats.py      one format made of another
versions.py             which programs made a picture
gate.py                 blank, duplicate, wrong size: found before a judge is paid
database.py             the database of runs: one protocol, one SQL text
database_sqlite.py      it as a file
database_postgres.py    it on a server
migrations.py           its tables, brought up to date
ledger.py               bookkeeping of paid requests
claiming.py             holding a claim on one
paying.py               from a claim to a picture, paid for once
download.py             fetching a picture from an address that may lie
http_body.py            reading an answer without trusting its length
retry_after.py          how long a provider asks to be left alone
leases.py               which process may drive a run
owner.py                who holds a lease, and whether it still lives
home.py                 the home folder
faults.py               BadInput and ProviderFault
bad_call.py             BadInput of a tool call, which an agent can be told instead
backends/               one painter family each, imported only when used; its own page lists them
"""
