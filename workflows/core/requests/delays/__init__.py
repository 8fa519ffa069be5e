"""Time that is lost: periods in which the bot did not run, and what needs an alarm because it takes too long."""
