"""
What Gridward costs, measured beside a floor in the same run 性能测量.

``python -m tests.benchmarks`` runs everything on a real PostgreSQL with fsync and prints each figure
with its ratio to the floor: a thin endpoint that takes the same bodies and stores them, with no
authorisation, no merge and no history.
"""
