"""Seeing that a tag was pushed."""
