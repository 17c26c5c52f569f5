"""The real parts that Forge talks to, started privately on loopback for the tests and the demo."""
