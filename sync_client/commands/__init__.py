"""
The ``gridward`` command 命令行: what a grid worker or a clerk types on a tablet.

Every command works without a network but ``enrol``, ``sync`` and part of ``doctor``. Exit codes are those
of ``exits``; ``--json`` makes any command answer one JSON object.
"""

from sync_client.commands.program import main

__all__ = ["main"]
