"""A first recipe for files that nobody has described: a guess for every column."""
