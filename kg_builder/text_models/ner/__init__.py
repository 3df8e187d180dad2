"""NER that is trained here: a conditional random field, and a small encoder beside it."""
