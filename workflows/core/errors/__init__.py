"""Facts (codes with values) and the errors that contain them. No sentence is made here."""
