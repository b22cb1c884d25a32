"""
Reminding 提醒: what people are told without asking, to whom, when and how often. Pure.

What each reminder is stands in ``standard``, as data; ``rules`` lays the district's words over it. ``conditions`` finds
what there is to remind of, ``deciding`` makes of it what each person is due, ``steps`` goes on where nobody answers,
``merging`` puts what waits for one person into one notice.
"""
