"""
A town in one process 模拟: real tablets, a real server, real files; one clock, one seed, one scheduler.

``python -m tests.simulation --seed 7 --trace`` plays one seed; ``docs/simulation.md`` says what is in it.
"""
