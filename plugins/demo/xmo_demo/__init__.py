"""`xmo demo`: the whole line on one machine, with real tickets and made-up answers."""
