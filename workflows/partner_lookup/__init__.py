"""Which tenant somebody means: what was typed, what Entra says of it, what our records say."""
