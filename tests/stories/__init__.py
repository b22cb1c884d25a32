"""Real tablets at a real server: what people live through, told from beginning to end."""
