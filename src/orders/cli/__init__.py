"""The `orders` command: a file for each subcommand. main.py lists them and imports one when it is called."""
