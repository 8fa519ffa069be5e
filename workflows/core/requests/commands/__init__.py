"""Commands: what people and the bot ask for, one class each from click to audit log."""
