"""Convert a processed folder to files of other programs: RecBole, PyKEEN, LensKit, Neo4j, …."""
