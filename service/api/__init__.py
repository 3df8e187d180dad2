"""The JSON API: recommendations, entities, SPARQL, and what operators ask."""
