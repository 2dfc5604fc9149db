"""Goal: what the documents say of the program is what the program says of itself."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from onebox.cli.iam import condition_key_table
from onebox.cli.operations import built_services, markdown_tables, offered_operations
from onebox.services.cloudformation.resources.catalog import RESOURCE_TYPES
from orders.cli.console import console
from orders.cli.main import main
from orders.console.reading import calls_a_minute
from orders.console.settings import REFRESH_AWS, REFRESH_ONEBOX
from orders.domain.contract_schema import make_tables
from tests.stalls.rows import ROWS

DOCS = Path(__file__).parents[2] / "docs"
SERVICES = Path(__file__).parents[2] / "src" / "onebox" / "services"
KEY_MODULES = ("authorization", "condition_keys", "internal")


def test_compatibility_lists_the_operations_that_are_offered() -> None:
    text = (DOCS / "compatibility.md").read_text("utf-8")
    _, _, listed = text.partition("<!-- onebox operations --markdown -->\n")
    assert listed.strip() == markdown_tables(offered_operations()).strip(), (
        "docs/compatibility.md is out of date: replace what follows its marker by `onebox operations --markdown`"
    )


def test_compatibility_lists_the_condition_keys_that_are_supplied() -> None:
    text = (DOCS / "compatibility.md").read_text("utf-8")
    _, _, rest = text.partition("<!-- onebox iam condition-keys -->\n")
    assert rest.partition("<!-- end -->")[0].strip() == condition_key_table(), (
        "docs/compatibility.md is out of date: replace what follows its marker by `onebox iam condition-keys`"
    )


def test_a_service_supplies_the_condition_keys_that_it_declares() -> None:
    """Each declared key is written in one of the modules that supply them."""
    for service in built_services():
        folder = SERVICES / f"{service.name.replace('lambda', 'lambda_')}"
        modules = [path for path in folder.rglob("*.py") if path.stem in KEY_MODULES]
        source = "".join(
            path.read_text("utf-8").partition("CONDITION_KEYS = ")[2].partition(")")[2] for path in modules
        )
        for key in service.condition_keys:
            name = key.partition("/")[0].partition(":")[2]
            assert name in source, f"{service.name} declares {key}"


def test_compatibility_lists_the_resource_types_that_are_offered() -> None:
    text = (DOCS / "compatibility.md").read_text("utf-8")
    paragraph = text.partition("\nResource types: ")[2].partition("\n\n")[0]
    known_only = {"AWS::KMS::Key", "AWS::KMS::Alias"}
    assert (
        set(re.findall(r"AWS::\w+::\w+", paragraph))
        == {name for name in RESOURCE_TYPES if name.startswith("AWS::")} | known_only
    )


def test_order_contract_lists_the_fields_that_are_checked() -> None:
    text = (DOCS / "order-contract.md").read_text("utf-8")
    _, _, listed = text.partition("<!-- orders schema --markdown -->\n")
    assert listed.strip() == make_tables(), (
        "docs/order-contract.md is out of date: replace what follows its marker by `orders schema --markdown`"
    )


def test_a_timeout_is_spelt_as_aws_spells_it() -> None:
    root = DOCS.parent
    written = [root / "README.md", *DOCS.rglob("*.md"), *(root / "src").rglob("*.py"), *(root / "src").rglob("*.html")]
    hyphened = [str(path.relative_to(root)) for path in written if re.search("[Tt]ime-out", path.read_text("utf-8"))]
    assert not hyphened


def test_security_counts_the_rows_of_make_stalls() -> None:
    assert f"`make stalls` sends {len(ROWS)} hostile requests" in (DOCS / "security.md").read_text("utf-8")


def test_what_the_console_costs_is_the_same_in_its_page_and_in_its_help() -> None:
    onebox, aws = calls_a_minute(REFRESH_ONEBOX), calls_a_minute(REFRESH_AWS)
    page = (DOCS / "console.md").read_text("utf-8")
    assert f"| onebox | every 2 s | every 5 s | {onebox} |" in page
    assert f"| AWS | every 5 s | every 60 s | {aws} |" in page
    assert f"{onebox} AWS API calls a minute on onebox, {aws} on AWS" in " ".join((console.help or "").split())


def test_operations_shows_what_plan_prints() -> None:
    text = (DOCS / "operations.md").read_text("utf-8")
    shown = text.partition("$ orders plan --rate 50/s\n")[2].partition("\n```")[0]
    assert shown.strip() == CliRunner(env={"FORCE_COLOR": None}).invoke(main, ["plan", "--rate", "50/s"]).output.strip()
