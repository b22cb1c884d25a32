"""What lies on the office's desk 裁定台: how a dispute is shown, what may be chosen, and what a choice amounts to."""
