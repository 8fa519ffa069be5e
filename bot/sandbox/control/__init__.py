"""The control API under `/control/`, for scripts, tests and the page. See docs/sandbox.md."""
