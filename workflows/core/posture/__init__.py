"""The current settings of every partner, compared with what was approved."""
