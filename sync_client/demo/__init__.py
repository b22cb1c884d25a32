"""
The tablets' part of the demo 演示中的平板: ``python -m sync_client.demo``, started by the server's part.

It is given its orders as JSON on the standard input, and tells what happens as JSON lines on the
standard output, which whoever started it shows. Between it and the server there is only the wire.
"""
