"""Crashes at labelled points of each story: the bot's process kills itself there, and everything converges."""
