"""Who sends people to an instance."""
