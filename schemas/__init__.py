"""
The language that tablet and office share: shapes, order and rules.

Everything here decides without touching anything: no database, no network, no clock of its own. Both
``server`` and ``sync_client`` import it, and it imports neither.
"""
