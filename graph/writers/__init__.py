"""How the first prompts are written: one file per upsample_method."""
