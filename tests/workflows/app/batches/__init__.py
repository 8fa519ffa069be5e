"""Tests of batches: from a draft at the command line to the record of every member."""
