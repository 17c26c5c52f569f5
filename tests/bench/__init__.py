"""How fast Forge is, beside a baseline that is measured in the same run."""
