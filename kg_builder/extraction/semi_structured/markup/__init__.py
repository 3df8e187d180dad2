"""Parse schema.org markup (JSON-LD, microdata, RDFa, Open Graph) into nodes, then statements."""
