"""The commands of `xmo`, one module a topic, imported only when called."""
