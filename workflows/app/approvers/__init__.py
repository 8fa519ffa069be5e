"""Who holds the stages of an approval chain now: members of roles, managers, and groups that keep a role."""
