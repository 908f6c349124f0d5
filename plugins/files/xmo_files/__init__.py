"""Files as a source: delimited text and JSON lines, for history and for systems without an API."""
