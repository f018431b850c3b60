from __future__ import annotations

import typing

from p2pim.api import schema, team_schema


def named_by(form: typing.Any) -> set[type]:
    """A type and the typed dictionaries within it."""
    if typing.is_typeddict(form):
        inside = [named_by(hint) for hint in typing.get_type_hints(form).values()]
        return set().union({form}, *inside)
    return set().union(*(named_by(argument) for argument in typing.get_args(form)))


def test_every_type_belongs_to_a_method() -> None:
    used: set[type] = set()
    for method in schema.METHODS.values():
        used |= named_by(method.params) | named_by(method.result)
    ours = {form for form in vars(team_schema).values() if typing.is_typeddict(form)}
    assert ours
    assert ours - used == set()


def test_every_type_says_what_it_is() -> None:
    ours = [form for form in vars(team_schema).values() if typing.is_typeddict(form)]
    assert all((form.__doc__ or "").rstrip().endswith((".", ").")) for form in ours)
