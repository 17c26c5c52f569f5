"""Forge: a deploy tool in one program."""

__version__ = "0.1.0"
