"""The only package that knows SortedPRO: how to ask it, and how to read what it answers."""
