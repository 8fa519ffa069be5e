"""What stands for every partner, judged against what was approved."""
