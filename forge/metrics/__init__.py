"""What instances and the machine use over time: read now and then, kept, told to whoever looks."""
