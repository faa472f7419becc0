"""From the config to runs: the plan and the sweep."""
