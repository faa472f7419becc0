"""The study: what the rules of the workflow do, a module a step, from config to report."""
