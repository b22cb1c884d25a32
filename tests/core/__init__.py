"""The server's pure heart, with two literals and no fixture."""
