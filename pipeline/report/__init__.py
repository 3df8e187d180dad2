"""The report of a finished build for people, and a person's judgements of sampled facts."""
