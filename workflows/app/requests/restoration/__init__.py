"""Request to restore earlier or approved settings: plan it, show it, check the form and store the request."""
