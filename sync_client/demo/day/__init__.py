"""A day in the life 海州区的一天: a Friday from the morning's plan to the evening's report, on three tablets."""
