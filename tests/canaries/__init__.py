"""Every secret that a test gives a Forge, or gets of it, is a canary: it must not stand where it does not belong."""
