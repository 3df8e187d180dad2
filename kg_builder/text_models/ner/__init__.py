"""NER models trained here: a conditional random field, with a fine-tuned encoder beside it."""
