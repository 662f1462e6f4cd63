"""The built-in offline models: a tiny Stable Diffusion, and a chat model that reads scene words and measures pixels."""
