"""Configuration as one YAML file: seed, export, difference."""
