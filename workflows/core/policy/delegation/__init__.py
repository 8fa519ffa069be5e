"""Who is asked in place of somebody else, and what is known of the people who decide. Pure."""
