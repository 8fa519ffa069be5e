"""Windows in which people write about a request: questions, answers, comments, requested changes, proposals."""
