"""A stand-in for Nginx Proxy Manager that answers as three releases were recorded to; it knows nothing of Forge."""
