"""Words for the settings of a partner: their values, how open they are, and where an ID is found."""
