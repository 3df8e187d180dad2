"""Knowledge-graph embedding: scores of triples (h, r, t)."""
