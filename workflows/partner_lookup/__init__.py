"""Find the tenant of a typed name: from the text, Entra's answer and our records."""
