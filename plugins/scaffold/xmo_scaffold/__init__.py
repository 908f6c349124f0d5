"""`xmo new-plugin`: a plugin to start from, complete with its tests, types and packaging."""
