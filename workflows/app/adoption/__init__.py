"""Adopt what stands in the tenant: what can be adopted, the form, and the check that it did not change since."""
