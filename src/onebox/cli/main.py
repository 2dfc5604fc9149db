"""The ``onebox`` command. Imports little, so that ``--help`` and the start are quick."""

from __future__ import annotations

import click

from onebox import __version__
from onebox.cli.copies import backup, check, compact, restore
from onebox.cli.health import health
from onebox.cli.iam import iam
from onebox.cli.operations import operations
from onebox.cli.serve import serve


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="onebox")
def main() -> None:
    """AWS's SNS, SQS, Lambda, DynamoDB, CloudWatch, IAM, S3 and CloudFormation on one machine.

    One process, one port, one SQLite file. Acknowledged changes survive kill -9 and power loss.

    \b
    Start it:       onebox serve
    Then, in another terminal, point any AWS client at it:
                    export AWS_ENDPOINT_URL=http://127.0.0.1:4566
                    export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1
                    aws sns create-topic --name hello
    Version 1 of the AWS CLI ignores AWS_ENDPOINT_URL for SQS and would call AWS:
                    aws --endpoint-url http://127.0.0.1:4566 sqs list-queues
    \b
    Exit codes:     0 done; 1 it cannot be done, or something is damaged; 2 wrong command line
    """


main.add_command(serve)
main.add_command(health)
main.add_command(iam)
main.add_command(operations)
main.add_command(backup)
main.add_command(restore)
main.add_command(check)
main.add_command(compact)

if __name__ == "__main__":
    main()
