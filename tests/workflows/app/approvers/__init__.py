"""Tests of who holds the stages, and who is asked in place of somebody else."""
