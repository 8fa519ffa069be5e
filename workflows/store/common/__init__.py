"""What every kind of store does alike: the rows of records, the conditions of lists, and reading rows again."""
