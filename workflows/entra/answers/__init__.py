"""Understand what Microsoft Graph answered: objects, lists and errors. Nothing is sent here, and no SDK is used."""
