"""Files: read, sent, received and put in their place. Everything here blocks, and runs in threads of its own."""
