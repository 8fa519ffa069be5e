"""Every order of a few commands on small approval chains, checked against a second reading of the rules."""
