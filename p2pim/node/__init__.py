"""One running peer."""
