"""Plain values of the trade: standard library only, no I/O."""
