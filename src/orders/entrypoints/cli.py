"""The ``orders`` command's entry point."""

from __future__ import annotations

from orders.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
