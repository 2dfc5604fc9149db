"""Functions of several files, and the damage that a power cut may do to files that nobody synced."""

from __future__ import annotations

import os
import random
from pathlib import Path


def code(version: int) -> dict[str, str]:
    """A function of several files that answers its version."""
    inner = {f"pack/part{number}.py": f"VALUE = {version}\n" * 50 for number in range(10)}
    imports = "\n".join(f"from pack.part{number} import VALUE as v{number}" for number in range(10))
    handler = f"{imports}\ndef handler(event, context):\n    return v0 if v0 == v9 else 'torn'\n"
    return {"app.py": handler, "pack/__init__.py": "", **inner}


def damage(folder: Path, chance: random.Random) -> int:
    """Damage the files beside the database; how many there were."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    for path in files:
        os.chmod(path.parent, 0o700)
        os.chmod(path, 0o600)
        fate = chance.choice(["whole", "cut", "zeros", "absent"])
        content = path.read_bytes()
        if fate == "cut":
            path.write_bytes(content[: chance.randrange(len(content) + 1)])
        elif fate == "zeros":
            path.write_bytes(bytes(len(content)))
        elif fate == "absent":
            path.unlink()
    return len(files)
