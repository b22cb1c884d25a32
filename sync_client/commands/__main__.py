"""Run the tablet's commands as ``python -m sync_client.commands``."""

from sync_client.commands import main

if __name__ == "__main__":
    main(prog_name="gridward")
