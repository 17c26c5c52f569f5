"""Sign-in by OpenID Connect, against a real provider."""
