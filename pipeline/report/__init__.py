"""HTML report of a finished build, and judgements of sampled facts by a person."""
