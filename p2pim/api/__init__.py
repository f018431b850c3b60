"""The local API: all that a front end may know."""
