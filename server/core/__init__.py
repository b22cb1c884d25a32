"""The pure heart of the server: admission, merge, decisions, views. No I/O, no clock, no globals."""
