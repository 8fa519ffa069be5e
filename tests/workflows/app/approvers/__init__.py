"""Tests of who holds a stage, and who is asked in place of somebody else."""
