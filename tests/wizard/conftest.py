"""The wizard of end users."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.solution_store import Store
from tests.support.wizard import Wizard


@pytest.fixture
def wizard(app: Flask, store: Store) -> Wizard:
    """Open the wizard, as browsers without scripts and cookies."""
    return Wizard(app, store)
