"""Use the file of the store from another process than the bot's: read it, or store commands beside the bot."""
