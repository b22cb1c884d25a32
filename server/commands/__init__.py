"""
What an operator types 运维命令: ``gridward-server``. Chinese with English beside; ``--json`` for lists.
"""

from server.commands.group import main

__all__ = ["main"]
