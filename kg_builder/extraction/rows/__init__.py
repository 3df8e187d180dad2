"""Row readers."""
