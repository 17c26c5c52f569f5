"""`python -m forge`."""

from __future__ import annotations

from forge.cli import main

main()
