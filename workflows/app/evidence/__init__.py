"""Evidence to hand over: reports and exports are read page by page, and each is recorded before it is shown."""
