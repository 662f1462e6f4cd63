"""Sets of briefs."""
