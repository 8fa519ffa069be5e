"""Why somebody from outside cannot get in: eight steps in a fixed order, and the first cause. Pure."""
