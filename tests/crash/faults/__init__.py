"""Calls of Slack and Microsoft Graph fail in whole stories."""
