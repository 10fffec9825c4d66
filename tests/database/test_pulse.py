"""What is known of whether a server responds."""

from __future__ import annotations

import pytest
from psycopg.errors import ConnectionTimeout

from app.database.connection import Pulse


@pytest.mark.ledger("PRO-17")
def test_an_attempt_to_connect_that_is_lost_while_the_server_responds_to_others_prevents_no_other() -> None:
    """Such as one whose packets a network has dropped."""
    pulse = Pulse()

    def lost() -> None:
        pulse.opened(lambda: None)
        raise ConnectionTimeout

    with pytest.raises(ConnectionTimeout):
        pulse.opened(lost)
    pulse.opened(lambda: None)
