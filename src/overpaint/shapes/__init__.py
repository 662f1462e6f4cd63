"""The built-in offline models: a tiny Stable Diffusion and a chat model that reads scene language and measures pixels."""
