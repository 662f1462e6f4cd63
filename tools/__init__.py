"""What the agent can do: LangChain tools over painters and chat models. Imports nothing of the rest of overpaint.

generate_image.py       the tool that paints
painting.py             its arguments and its result
inspect_image.py        the tool that looks
painters.py             the Painter protocol and the registry
chat.py                 chat models by name
references.py           pictures by reference, so that no trace holds bytes
asking.py               one structured question: an answer, or what was wrong with it
metering.py             what is heard of the model calls of one question
call_log.py             every model call, without keys and picture bytes
provider_errors.py      what a provider's failure means
images.py               the image store
records.py              the record store
files.py                content-addressed files, written whole or not at all
decoding.py             decoding pictures nobody vouches for
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
backends/               one painter family each, imported only when used
  diffusers_.py         any diffusers model: text, picture and boxes
  loading.py            loads a pipeline once, says what went wrong
  painting.py           one picture from a loaded pipeline
  masking.py            repainting inside boxes only
  prompt_length.py      how much of a prompt the encoder reads
  openai_.py            OpenAI's images API, and every server that speaks it
  fal.py                fal's queue: jobs with ids, collected later
  fal_http.py           one request to it
  fal_answers.py        what its answers say
  remote.py             what both remote painters share
"""
