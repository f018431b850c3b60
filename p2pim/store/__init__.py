"""What a node keeps: SQLite, synchronous, one writer."""
