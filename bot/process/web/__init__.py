"""The web server: verified Slack payloads, health and metrics."""
