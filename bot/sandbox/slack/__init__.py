"""A simulated slack.com: one workspace, its Web API, and its people."""
