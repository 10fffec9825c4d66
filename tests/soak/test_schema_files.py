"""Each published schema file by itself, as an integrator reads it."""

from __future__ import annotations

import pytest

from tests.schemas.reading import ROOTS, python


@pytest.mark.ledger("PRO-7")
@pytest.mark.parametrize("schema", ROOTS)
def test_xmlschema_compiles_it_and_only_its_own_root_is_global(schema: str) -> None:
    assert list(python(schema).elements) == [schema.rpartition("/")[2]]
