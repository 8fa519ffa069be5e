"""What the Entra tenant holds: its initial state, its changes, and the audit entries they leave."""
