"""Telling people elsewhere: what is worth a message, the outbox, and who carries it."""
