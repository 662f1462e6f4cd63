"""Where the next prompt comes from: one file per critique_method."""
