"""
Time allowed for a problem 时限: the calendar, three clocks, limits as data, and what acts do to a deadline.

Pure. Moments are milliseconds since 1970-01-01 UTC; days are those of Asia/Shanghai, +08:00 all year.
"""
