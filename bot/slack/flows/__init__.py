"""The flows: what a person does in Slack, one module for each."""
