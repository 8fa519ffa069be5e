"""How a Graph call is read and answered: paths, query options, filters, batches, times, refusals."""
