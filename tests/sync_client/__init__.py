"""The tablet, tried against a small honest server and a network at its worst."""
