"""Where things are kept: tables, the unit of work, and the stores that share its transaction."""
