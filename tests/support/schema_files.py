"""The published schema files of requests and of responses, each kind as one schema of xmlschema."""

from __future__ import annotations

import gc
from functools import cache
from pathlib import Path

import xmlschema
from xmlschema.validators import XsdElement

SCHEMAS = Path(__file__).parents[2] / "schemas"


@cache
def schema_of_all(kind: str, *, strict: bool = False) -> xmlschema.XMLSchema10:
    """One schema for all `requests` or all `responses`; building it takes as long as building four separate schemas.

    A strict one is itself checked by the schema of schemas, which takes longer.
    """
    includes = (f'<xs:include schemaLocation="{file.as_uri()}"/>' for file in sorted(SCHEMAS.glob(f"{kind}/*.xsd")))
    source = f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{"".join(includes)}</xs:schema>'
    validation = "strict" if strict else "skip"
    schema = xmlschema.XMLSchema10(source, allow="local", defuse="always", validation=validation)
    gc.freeze()  # its many objects stay, and must not be looked at by each garbage collection
    return schema


def declaration(kind: str, root: str) -> XsdElement:
    """The declaration of the root element of a request or a response."""
    return schema_of_all(kind).elements[root]
