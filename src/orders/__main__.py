"""``python -m orders`` is the ``orders`` command."""

from orders.cli.main import main

main()
