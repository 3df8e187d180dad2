"""What the trained extractor learns from: the graph's own facts, and annotated sentences."""
