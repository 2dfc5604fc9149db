"""Goal: orders stays what ARCHITECTURE.md says: features that import downwards only, AWS in named adapters only."""

from __future__ import annotations

import sys

from tests.house.imports import SOURCE, import_graph, imported_names, module_paths

PACKAGE = SOURCE / "orders"

# From the lowest to the highest. What stands in one line does not import each other; a folder imports lines below it.
LAYERS = (
    ("clock", "errors", "text", "batches"),
    ("json_text",),
    ("retry", "rate_limit", "domain", "aws", "capacity"),
    ("claims",),
    ("processor", "publishing", "function_log", "deployment", "audit"),
    ("levers",),
    ("dead_letters", "table", "history", "archive", "intake", "subscriptions", "outbox", "doctor", "local"),
    ("tracking", "monitoring", "erasure", "export"),
    ("console",),
    ("cli",),
    ("entrypoints", "__main__"),
)
# The only modules that lie beside the feature folders.
BESIDE_THE_FOLDERS = {"__init__", "__main__", "batches", "clock", "errors", "json_text", "rate_limit", "retry", "text"}

MAY_IMPORT_BOTO = {
    "orders.archive.bucket",
    "orders.archive.lambda_handler",
    "orders.archive.targets",
    "orders.history.event_table",
    "orders.history.lambda_handler",
    "orders.audit.log",
    "orders.claims.bucket",
    "orders.aws.clients",
    "orders.aws.errors",
    "orders.aws.tables",
    "orders.dead_letters.queues",
    "orders.deployment.artifacts",
    "orders.deployment.cloudformation",
    "orders.deployment.function",
    "orders.deployment.repairs",
    "orders.doctor.inspection",
    "orders.erasure.remains",
    "orders.erasure.table_copies",
    "orders.function_log.reader",
    "orders.intake.caller_admin",
    "orders.intake.topic",
    "orders.monitoring.dashboards",
    "orders.monitoring.metrics",
    "orders.publishing.topic",
    "orders.subscriptions.subscriptions",
}
# What the two folders without AWS and third parties may use of the package.
MAY_BE_IMPORTED = {
    "domain": {"domain", "clock", "errors", "json_text", "text"},
    "processor": {"processor", "domain", "clock", "errors", "batches", "retry"},
}


def _part(module: str) -> str:
    """The folder or the module beside the folders that a module belongs to; empty for the package itself."""
    return module.partition(".")[2].partition(".")[0]


def test_every_folder_and_module_has_its_layer() -> None:
    placed = {name for layer in LAYERS for name in layer}
    assert {_part(module) for module in module_paths("orders")} - {""} == placed


def test_features_import_downwards_only() -> None:
    floor = {name: number for number, layer in enumerate(LAYERS) for name in layer}
    wrong = [
        f"{module} imports {target}"
        for module, targets in import_graph("orders").items()
        for target in targets
        # The package itself names the publisher for shops and holds the version.
        if module != "orders"
        and target != "orders"
        and _part(target) != _part(module)
        and floor[_part(target)] >= floor[_part(module)]
    ]
    assert not wrong


def test_domain_and_processor_import_nothing_but_the_standard_library_and_what_is_named() -> None:
    wrong = []
    for module, path in module_paths("orders").items():
        allowed = MAY_BE_IMPORTED.get(_part(module), set())
        for name in imported_names(path) if allowed else ():
            top = name.partition(".")[0]
            is_right = _part(name) in allowed if top == "orders" else top in sys.stdlib_module_names
            if not is_right:
                wrong.append(f"{module} imports {name}")
    assert not wrong


def test_boto3_and_botocore_are_imported_by_the_adapters_and_all_adapters_import_them() -> None:
    importers = {
        module
        for module, path in module_paths("orders").items()
        if any(name.partition(".")[0] in ("boto3", "botocore") for name in imported_names(path))
    }
    assert importers == MAY_IMPORT_BOTO


def test_no_module_lies_beside_the_feature_folders_but_the_named() -> None:
    assert {path.stem for path in PACKAGE.glob("*.py")} == BESIDE_THE_FOLDERS


def test_every_folder_s_docstring_names_its_files() -> None:
    """A folder's ``__init__`` is its map; ``cli`` lists its commands in main.py, where --help reads them."""
    wrong = []
    for folder in sorted(path.parent for path in PACKAGE.rglob("__init__.py")):
        files = {path.name for path in folder.glob("*.py")} - {"__init__.py"}
        if folder in (PACKAGE, PACKAGE / "cli", PACKAGE / "entrypoints"):
            continue
        text = (folder / "__init__.py").read_text("utf-8")
        wrong += [f"{folder.relative_to(PACKAGE)}: {name}" for name in sorted(files) if name not in text]
    assert not wrong
