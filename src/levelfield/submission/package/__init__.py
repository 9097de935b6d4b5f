"""From measured runs to the tree that a submitter hands in."""
