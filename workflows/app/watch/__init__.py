"""Watch the tenant: sweeps, alarms about drift, who made a change, and the answers of admins."""
