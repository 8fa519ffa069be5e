"""The App Home: what concerns one person, by role, paged and searchable."""
