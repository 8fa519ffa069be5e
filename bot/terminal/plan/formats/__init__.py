"""The formats of `gatehouse plan`: text for a terminal, JSON for programs, Markdown for a pull request."""
