"""The painters' back ends, imported only when a painter of their kind is opened.

diffusers_      paints with any diffusers model on this machine
loading         loads its pipelines, once per process
painting        one picture from a loaded pipeline
masking         repaints inside boxes and keeps everything else
prompt_length   how much of a prompt is read
openai_         paints with any server of OpenAI's images API
fal             paints with any app of fal's queue
fal_http        one request to that queue
fal_answers     what its answers say
remote          what the painters behind HTTP share
"""
