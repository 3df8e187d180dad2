"""Models that are trained here to read texts: names, relations, and what they learn from."""
