"""``python -m onebox.cli`` is the ``onebox`` command."""

from onebox.cli.main import main

main()
