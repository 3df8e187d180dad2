"""NER and relation-extraction models for text (trained here or external), and their training."""
