"""Run the tablet's commands as ``python -m sync_client.commands``."""

from sync_client.commands import main

main(prog_name="gridward")
