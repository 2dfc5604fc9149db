"""``python -m onebox`` is the ``onebox`` command."""

from onebox.cli.main import main

main()
