"""Start reviews before their time, because something happened."""
