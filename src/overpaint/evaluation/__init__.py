"""Comparing presets at equal budget: datasets, runs, scorers, reports."""
