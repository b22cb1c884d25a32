"""
The situations of two people at work without signal, each played in every order of arrival.

One story for each entry of ``schemas.situations`` that can be told today, named after its rule.
"""
