"""From a digest to something that serves, and back."""
