"""
What one record's change means for another 记录之间: shops that turn out to be one, checks whose ground moved.

Every module answers one question about two records as they stand, never about who came first. So it makes
no difference whether the check or the change of the shop reached the office earlier: whichever comes
second, the question is asked with both at hand.
"""
