"""Evidence to hand over: the story of each request as the records tell it, and the days of a report."""
