"""The painters' back ends, imported only when a painter of their kind is opened.

diffusers_      paints with any diffusers model on this machine
model_index     what a model says of itself before it is loaded
loading         what it needs, and a plain word when something fails
pipelines       loads its pipelines, once per process
painting        one picture from a loaded pipeline
masking         repaints inside boxes and keeps everything else
prompt_length   how much of a prompt is read
vision          chat models that look at pictures on this machine
vision_loading  loads them
vision_answering  one answer of theirs
openai_         paints with any server of OpenAI's images API
openai_http     one request to it
openai_orders   what a request says
openai_edits    the picture and the mask of an edit
openai_answers  what it answers, as JSON or as a stream
openai_models   what is known of OpenAI's own models
fal             paints with any app of fal's queue
fal_apps        what its apps take
fal_answers     what its answers say
nvidia          paints with NVIDIA's hosted models, or a NIM
nvidia_models   what its models take
stability       paints with Stability's REST API
hf              paints through Hugging Face's inference providers
ratios          aspect ratios, where they stand in for sizes
rest            one request over HTTP, and what its answer means
remote          what the painters behind HTTP share: server, options, signs of life
"""
