"""Knowledge-graph construction library: raw files → records → entities → checked triples.

The folders carry the names of the construction stages, in their order: `extraction`, `fusion`,
`alignment`, `inference`, `cleaning`, `triples`; all of them read the data model in `ontology` and
exchange the tables declared in `tables`.
"""
