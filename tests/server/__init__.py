"""The server, from a rule over two literals to a whole sync."""
