"""Train the text models: labelled texts from annotators or from a graph, and the fit."""
