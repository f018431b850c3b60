"""How peers find each other: providers of address hints."""
