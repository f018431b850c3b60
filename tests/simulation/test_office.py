"""Three hundred stories of bad luck. A failing seed is in the test's name: ``play(SEED)`` repeats it exactly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from noise.state import CipherState

from tests.simulation.misfortune import play_all
from tests.simulation.office import play

SEEDS = 300
BLOCK = 10


@pytest.fixture
def nonces(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """I11: no key ever encrypts twice under the same nonce, on any machine, across crashes and backups."""
    used: set[tuple[bytes, int]] = set()
    encrypt = CipherState.encrypt_with_ad

    def spy(self: Any, ad: bytes, plaintext: bytes) -> bytes:
        if self.has_key():
            place = (bytes(self.k), self.n)
            assert place not in used, "I11: a nonce was used twice"
            used.add(place)
        return bytes(encrypt(self, ad, plaintext))

    monkeypatch.setattr(CipherState, "encrypt_with_ad", spy)
    yield
    assert used


@pytest.mark.usefixtures("nonces")
@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
def test_invariants_hold_whatever_happens(first: int) -> None:
    seen = play_all(play, range(first, first + BLOCK))
    # A story without misfortune would prove little.
    assert seen["crash before a commit"] + seen["crash after a commit"] + seen["crash between steps"] > 5
