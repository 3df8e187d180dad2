"""Quality of the whole graph, and of each stage against gold data."""
