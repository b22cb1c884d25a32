"""
The demo district Haizhou 演示: ``python -m server.demo`` makes it, serves it, and plays a morning in it.

The streets and communities are real; people, shops and everything else are made up, the same every
time. The tablets' part of the story is ``python -m sync_client.demo``, a process of its own: the two
sides meet only on the wire.
"""
