"""Training of the models: texts labelled by annotators or by a graph, and the fit itself."""
