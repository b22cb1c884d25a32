"""The ways out of the office 通知渠道: robots, mail, webhooks; the only part that knows Apprise."""
