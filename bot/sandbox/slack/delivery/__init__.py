"""Send payloads to the app: signed HTTP POSTs or Socket Mode, with Slack's time limit and retries."""
