"""The page: a map of the codes, and the decoded thing under the finger."""
