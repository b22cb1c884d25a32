"""
The three forms a grid worker walks with: streets, shops, parking 巡查检查.

``forms`` says what a form is made of, ``street``, ``shop`` and ``parking`` hold the forms themselves
as data and the records made with them, ``scoring`` is the one engine that reads any of them.
"""
