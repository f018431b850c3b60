from __future__ import annotations

import re

from p2pim import errors


def documented_tree() -> dict[str, str]:
    """Class → base class, as the docstring draws them."""
    drawn = re.findall(r"^((?:[│ ]   |├── |└── )*)(\w+)(?:  |$)", errors.__doc__ or "", re.MULTILINE)
    bases: dict[str, str] = {}
    path: list[str] = ["Exception"]
    for branches, name in drawn:
        depth = len(branches) // 4 + 1
        bases[name] = path[depth - 1]
        path[depth:] = [name]
    return bases


def test_the_drawn_tree_is_the_real_one() -> None:
    real = {name: cls.__bases__[0].__name__ for name, cls in vars(errors).items() if isinstance(cls, type)}
    assert documented_tree() == real
