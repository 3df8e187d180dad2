"""Schema.org markup in pages: JSON-LD, microdata, RDFa and Open Graph as one kind of node."""
