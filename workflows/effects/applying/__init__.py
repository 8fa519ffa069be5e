"""The parts of applying a plan: sending it, reading it back, and recording how it ends."""
