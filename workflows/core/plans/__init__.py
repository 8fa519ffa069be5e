"""Plans: the exact operations that an approval is about, what they change, and how a partner came to differ."""
