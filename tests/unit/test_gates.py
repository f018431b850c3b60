"""The rules of this repository that no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOP_LEVEL = {".ci", ".gitignore", "LICENSE", "README.md", "p2pim", "pyproject.toml", "scripts", "tests"}
LONGEST = 400

# Modules without a unit test of their own: what tests them instead, and why. Everything else is mapped 1:1.
TESTED_ELSEWHERE: dict[str, tuple[str, str]] = (
    {
        f"p2pim/node/net/{name}.py": (
            "tests/node/test_network.py",
            "only real sockets and timers show what it does",
        )
        for name in ("host", "network", "sockets")
    }
    | {
        f"p2pim/protocol/{name}.py": ("tests/unit/protocol/test_records.py", "records are made of them")
        for name in ("fields", "filetalk", "splice")
    }
    | {
        f"p2pim/node/{name}.py": ("tests/node/test_files.py", "only whole nodes with files show what it does")
        for name in (
            "offers",
            "serving",
            "transfers",
            "files/engine",
            "files/mover",
            "files/ports",
            "files/stock",
        )
    }
    | {
        f"p2pim/node/files/{name}.py": (
            "tests/security/test_file_attacks.py",
            "it is what two ends do to each other",
        )
        for name in ("puller", "server")
    }
    | {
        f"p2pim/api/{name}.py": ("tests/unit/api/test_schema.py", "it is a part of the schema")
        for name in ("file_schema", "method")
    }
    | {
        f"p2pim/desktop/{name}.py": (f"tests/desktop/{elsewhere}.py", "it is what a window does")
        for name, elsewhere in {
            "app": "test_app",
            "bridge": "test_bridge",
            "bubbles": "test_messages",
            "composer": "test_composer",
            "conversation": "test_messages",
            "desk": "test_app",
            "details": "test_details",
            "dialogs": "test_app",
            "document": "test_messages",
            "emoji": "test_composer",
            "idle": "test_idle",
            "language": "test_language",
            "messages": "test_messages",
            "words": "test_language",
            "notes": "test_app",
            "notifier": "test_notifier",
            "page": "test_details",
            "pane": "test_app",
            "people": "test_app",
            "preferences": "test_preferences",
            "privacy": "test_preferences",
            "qr": "test_details",
            "roompage": "test_details",
            "rows": "test_messages",
            "single": "test_bridge",
            "teams": "test_details",
            "theme": "test_theme",
            "tray": "test_app",
            "window": "test_app",
        }.items()
    }
    | {"p2pim/api/params.py": ("tests/unit/api/test_schema.py", "it is part of the schema")}
    | {
        f"p2pim/node/{name}.py": (f"tests/node/{elsewhere}.py", "it is what two nodes do with each other")
        for name, elsewhere in {
            "alerts": "test_alerts",
            "author": "test_two_nodes",
            "changes": "test_kinds",
            "reviser": "test_kinds",
            "fading": "test_fading",
            "finder": "test_search",
            "events": "test_two_nodes",
            "people": "test_two_nodes",
            "presence": "test_two_nodes",
            "views": "test_two_nodes",
            "node": "test_faults",
            "disk": "test_faults",
            "runs": "test_faults",
            "session": "test_faults",
            "sync": "test_faults",
            "delivery": "test_requests",
            "retention": "test_retention",
            "refill": "test_retention",
            "receipts": "test_receipts",
            "routes": "test_routes",
            "callbacks": "test_callbacks",
            "inbound": "test_inbound",
            "carried": "test_splices",
            "splices": "test_splices",
            "completeness": "test_completeness",
            "memory": "test_completeness",
            "contacts": "test_faults",
            "boxes": "test_boxes",
            "boxkeys": "test_boxes",
            "holding": "test_boxes",
            "opening": "test_boxes",
            "control": "test_teams",
            "joining": "test_teams",
            "networks": "test_teams",
            "rooms": "test_teams",
            "sharing": "test_teams",
            "teams": "test_teams",
        }.items()
    }
)
# Unit tests that belong to no module.
ABOUT_NO_MODULE = {
    "tests/unit/protocol/test_authority_attacks.py",
    "tests/unit/protocol/test_vectors.py",
    "tests/unit/protocol/test_vectors_kinds.py",
    "tests/unit/protocol/test_vectors_control.py",
    "tests/unit/protocol/test_vectors_boxes.py",
    "tests/unit/protocol/test_vectors_files.py",
    "tests/unit/protocol/test_vectors_sync.py",
    "tests/unit/protocol/test_vectors_teams.py",
    "tests/unit/store/test_cost.py",
    "tests/unit/store/test_erasing.py",
    "tests/unit/store/test_migrations.py",
    "tests/unit/test_gates.py",
    "tests/unit/test_plugin.py",
}

# spelt so that this file does not match itself
ADDRESSES = re.compile(
    r"pypi\.or[g]|pythonhosted\.or[g]|npmjs\.or[g]|(?<![\w.])/(?:wor[k]|roo[t])/|-index-ur[l][ =]\S"
)


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tracked() -> list[str]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return listing.stdout.rstrip("\0").split("\0")


def has_code(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(
        isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) for node in ast.walk(tree)
    )


def unit_test_of(module: str) -> str:
    path = Path(module).relative_to("p2pim")
    return (Path("tests/unit") / path.parent / f"test_{path.stem.strip('_')}.py").as_posix()


@pytest.fixture(scope="module")
def modules() -> list[str]:
    return [relative(path) for path in sources("p2pim") if has_code(path)]


def test_no_file_is_too_long() -> None:
    lengths = {
        relative(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in sources("p2pim", "tests", "scripts")
    }
    assert {path: length for path, length in lengths.items() if length > LONGEST} == {}


def test_every_module_has_its_unit_test(modules: list[str]) -> None:
    untested = [m for m in modules if m not in TESTED_ELSEWHERE and not (ROOT / unit_test_of(m)).exists()]
    assert untested == []


def test_every_unit_test_has_its_module(modules: list[str]) -> None:
    expected = {unit_test_of(module) for module in modules} | ABOUT_NO_MODULE
    assert {relative(path) for path in sources("tests/unit") if path.name.startswith("test_")} <= expected


def test_every_exception_is_needed_and_true(modules: list[str]) -> None:
    for module, (elsewhere, reason) in TESTED_ELSEWHERE.items():
        assert module in modules
        assert not (ROOT / unit_test_of(module)).exists()
        assert (ROOT / elsewhere).exists()
        assert reason


def test_top_level_is_as_agreed() -> None:
    assert {path.partition("/")[0] for path in tracked()} == TOP_LEVEL


def test_no_registry_address_and_no_path_of_one_machine() -> None:
    found = []
    for path in tracked():
        if (ROOT / path).is_file():  # a deletion may not be committed yet
            text = (ROOT / path).read_text(encoding="utf-8", errors="replace")
            found += [f"{path}: {match.group()}" for match in ADDRESSES.finditer(text)]
    assert found == []


def test_locks_hash_every_package_and_name_no_source() -> None:
    for lock in ("requirements.txt", "requirements-desktop.txt", "requirements-dev.txt"):
        text = (ROOT / "scripts" / lock).read_text(encoding="utf-8")
        assert "://" not in text
        for package in re.split(r"\n(?=\S)", text)[1:]:
            assert re.fullmatch(
                r"[\w.-]+(\[[\w,-]+\])?==[^\n]+(\\\n    --hash=sha256:[0-9a-f]{64} ?)+\n?", package
            ), package[:80]


def test_each_lock_holds_every_pin_of_the_one_before() -> None:
    run, desktop, dev = (
        set(re.findall(r"^[\w.-]+==\S+", (ROOT / "scripts" / lock).read_text(encoding="utf-8"), re.MULTILINE))
        for lock in ("requirements.txt", "requirements-desktop.txt", "requirements-dev.txt")
    )
    assert run < desktop < dev
