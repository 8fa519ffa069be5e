"""Crashes at labelled points: the bot's process kills itself at each of them, in each story, and everything converges."""
