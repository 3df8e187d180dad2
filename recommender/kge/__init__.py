"""Knowledge-graph embedding models that score triples (h, r, t), and their training."""
