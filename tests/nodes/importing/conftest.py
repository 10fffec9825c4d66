"""Users who import nodes."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from app.identity.rights import Caller
from tests.support.imports import (
    sign_up,
)


@pytest.fixture
def admin(engine: Engine) -> Caller:
    return sign_up(engine, "admin", administers_all=True)


@pytest.fixture
def user(engine: Engine) -> Caller:
    return sign_up(engine, "user")
