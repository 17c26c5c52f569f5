"""What Forge remembers: one SQLite file, a module per aggregate."""
