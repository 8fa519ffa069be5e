"""The card and Details of a batch: several partners that one decision is about."""
