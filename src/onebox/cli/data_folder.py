"""The option ``--data`` of every command that works on a data folder."""

from __future__ import annotations

from pathlib import Path

import click

from onebox.config import default_data_folder

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path),  # what lies there is judged by the command: exit code 1, as for every file
    help=f"The data folder.  [default: {default_data_folder()}]",
)
