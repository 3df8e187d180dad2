"""What the knowledge graph is worth: the same models and rows with graphs that differ."""
