"""Models that read texts: trained here (names, relations) or by others, and their training."""
