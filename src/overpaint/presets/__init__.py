"""Named sets of settings: one YAML file each, a description and the settings it changes."""
