"""When to ask, what to ask, and the pages people answer on."""
