"""Models for NER and relation extraction, trained here or third-party, and their training."""
