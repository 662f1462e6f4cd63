"""One file per node: read state, render a prompt, call a tool or model, return what changed."""
