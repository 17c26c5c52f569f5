"""The window on a screen of its own, as people have it."""
