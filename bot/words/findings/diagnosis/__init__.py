"""The words of a diagnosis: why somebody from outside cannot get in."""
