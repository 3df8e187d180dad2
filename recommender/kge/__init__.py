"""Knowledge-graph embedding: how plausible a triple (h, r, t) is."""
