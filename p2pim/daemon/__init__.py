"""The background process of one profile."""
