"""
``python -m sync_client.demo`` plays the tablets' part; orders come in on the standard input.
"""

import sys

import msgspec

from schemas.problems import Refusal
from sync_client.demo.day.story import play as play_day
from sync_client.demo.script import Broken, Orders, Script
from sync_client.demo.story import Story
from sync_client.errors import SyncError


def main() -> int:
    """Play one morning, or one day; return 0 if it came out as promised."""
    script = Script()
    orders = msgspec.json.decode(sys.stdin.buffer.read(), type=Orders)
    try:
        if orders.day:
            play_day(script, orders)
        else:
            script.outcome(Story(script, orders).play())
    except Broken as broken:
        script.broken(broken.zh, broken.en)
    except Refusal as refusal:
        script.broken(refusal.message_zh, f"{refusal.message_en} {refusal.errors or ''}")
    except SyncError as error:
        script.broken(f"{error.zh}{error.next_zh}", f"{error.en} {error.next_en} {error.detail}")
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
