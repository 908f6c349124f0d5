"""`python -m xmo_core` is the `xmo` command."""

from xmo_core.cli import main

main()
