"""The verbs of the server: one transaction each."""
