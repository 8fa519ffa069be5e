"""The data of the Entra tenant: its initial state, its changes, and its audit entries."""
