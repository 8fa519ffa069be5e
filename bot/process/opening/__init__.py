"""Open what the settings name: the tenant, the clock, the records, Slack."""
