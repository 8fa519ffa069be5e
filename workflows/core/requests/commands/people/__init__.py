"""Commands about who answers for something: sponsors, and who is asked in place of somebody else."""
