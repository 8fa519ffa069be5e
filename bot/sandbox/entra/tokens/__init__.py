"""The token endpoint of login.microsoftonline.com and the access tokens it signs."""
