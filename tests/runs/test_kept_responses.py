"""The kept responses of runs."""

from __future__ import annotations

from app.runs.kept_responses import compressed, decompressed

BLOCK = 64 * 1024


def test_a_response_that_compresses_well_is_read_in_small_blocks() -> None:
    response = b"<Update/>" * 1_000_000
    blocks = list(decompressed(compressed([response])))
    assert b"".join(blocks) == response
    assert max(map(len, blocks)) <= BLOCK
