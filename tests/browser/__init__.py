"""The board in a real Chromium: stories against a whole Forge, every screen looked at, no request anywhere else."""
