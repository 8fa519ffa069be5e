"""A stand-in for slack.com: one workspace, its Web API, and the people in it."""
