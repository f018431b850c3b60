"""The asyncio skin of a node: it listens, finds others, dials, and carries the bytes of Links."""
