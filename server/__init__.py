"""
The office: takes in what tablets wrote, merges it, serves what they missed, and keeps the ledger.

Imports point one way, ``app → api → usecases → {core, storage}``: ``core`` decides without touching
anything, ``storage`` keeps, and neither knows the other. It imports ``schemas`` and never ``sync_client``.
"""
