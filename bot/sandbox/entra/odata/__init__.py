"""Read and answer Graph calls: paths, query options, filters, batches, times, refusals."""
