"""Train the text models, on texts annotated by people or labelled from a graph."""
