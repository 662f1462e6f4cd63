"""Briefs of the built-in world, and the truth about their pictures."""
