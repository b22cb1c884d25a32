"""Whether rules and histories keep their word 查验: rules tried in trials, records made again from their history."""
