"""The one file, as somebody has it who has neither Python nor Node."""
