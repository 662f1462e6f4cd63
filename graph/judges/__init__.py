"""How pictures are judged: one file per judge_method."""
