"""Commands: what people and the bot ask for. One class serves each from the click to the audit log."""
