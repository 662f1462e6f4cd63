"""The painters' back ends, imported only when a painter of their kind is opened.

diffusers_      paints with any diffusers model on this machine
loading         loads its pipelines, once per process
painting        one picture from a loaded pipeline
masking         repaints inside boxes and keeps everything else
prompt_length   how much of a prompt is read
"""
