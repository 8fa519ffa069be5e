"""The control API under `/control/`: what scripts, tests and the page do and read. See docs/sandbox.md."""
