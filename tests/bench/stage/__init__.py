"""What the benchmarks are played on: the processes, the load, the records, and the statistics."""
