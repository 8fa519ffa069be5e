"""Find the tenant that somebody means: from the typed text, Entra's answer and our records."""
