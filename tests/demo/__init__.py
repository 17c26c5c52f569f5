"""The demo: Forge with a registry, Docker and Caddy of its own, and a story played with real pushes."""
