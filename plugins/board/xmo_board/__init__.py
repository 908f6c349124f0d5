"""The report: what the figures say, as one file that opens offline."""
