"""What a campaign's records come to 行动汇总: pure, from records handed in."""
