"""NER models trained here: a conditional random field, and a fine-tuned encoder beside it."""
