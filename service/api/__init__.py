"""The JSON API: recommendations, entities, SPARQL, and health and metrics for operators."""
