"""``python -m server.commands`` is ``gridward-server``."""

from server.commands import main

main(prog_name="gridward-server")
