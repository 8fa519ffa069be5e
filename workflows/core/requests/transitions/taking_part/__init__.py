"""Changes of who takes part in a request: who supports it, and to whom an approval is reassigned."""
