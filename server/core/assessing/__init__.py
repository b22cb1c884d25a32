"""Scores of units, shops and segments, ranks, and red and black marks 考核得分与红黑榜; pure."""
