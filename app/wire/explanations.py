"""Explains in a sentence why a schema refuses a part of a document.

xmlschema finds the fault. Its own messages name positions and facets, but not what is allowed.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import islice
from typing import Final, cast

from lxml import etree
from xmlschema import XMLSchema, XMLSchemaChildrenValidationError, XMLSchemaException, XMLSchemaValidationError
from xmlschema.validators import (
    XsdAtomicBuiltin,
    XsdAttributeGroup,
    XsdElement,
    XsdEnumerationFacets,
    XsdGroup,
    XsdMaxInclusiveFacet,
    XsdMaxLengthFacet,
    XsdMinInclusiveFacet,
    XsdPatternFacets,
    XsdSimpleType,
    XsdUnion,
)

from app.errors import MOST_FAULTS
from app.suggestions import nearest

_LONGEST_NAME: Final = 60
_NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_NUMBERS: Final = {"decimal", "double"}
_POSITION = re.compile(r"\[\d+\]")

_explaining = threading.Lock()


def explained(source: str, directory: str, root: etree._Element) -> Iterator[tuple[str, str]]:
    """Yield the path and the explanation of each fault in a tree.

    Yields nothing if xmlschema fails. `source` is the path or the text of a schema; `directory` holds the files that it
    includes.
    """
    try:
        with _explaining:
            errors = list(islice(_schema(source, directory).iter_errors(root, use_defaults=False), MOST_FAULTS))
    except XMLSchemaException:
        return  # xmlschema fails if the document names types that do not exist
    for error in errors:
        path = error.path or ""
        declared = _declaration(source, directory, _POSITION.sub("", path))
        if isinstance(error, XMLSchemaChildrenValidationError) and error.invalid_child is not None:
            child = cast(etree._Element, error.invalid_child)
            path = f"/{root.tag}/{etree.ElementTree(root).getelementpath(child)}"
        yield path, _explanation(error, declared)


@lru_cache(1024)
def _declaration(source: str, directory: str, path: str) -> object:
    """Return the declaration of the element at a path, or None for an element that the schema does not have."""
    return _schema(source, directory).find(path)


@cache
def _schema(source: str, directory: str) -> XMLSchema:
    # The schema itself is known to be valid; validating it too would make building it five times slower.
    return XMLSchema(source, base_url=directory, allow="local", validation="skip")


def _explanation(error: XMLSchemaValidationError, declared: object) -> str:
    """Return what is wrong. `declared` is the declaration of the element with the fault, if it has one."""
    if isinstance(error, XMLSchemaChildrenValidationError):
        return _of_children(error)
    kind = getattr(declared, "type", None)
    if isinstance(kind, XsdUnion) and _belongs_to_empty(error.validator):
        # For a union, xmlschema reports only why its first member, the empty text, does not accept a value.
        return next(_by_other_members(kind, str(error.obj)), "the value is not valid")
    return _of_value(error) or _of_structure(error) or error.reason or "this is not valid"


def _of_children(error: XMLSchemaChildrenValidationError) -> str:
    group = cast(XsdGroup, error.validator)
    allowed = [element.local_name for element in group.iter_elements() if isinstance(element, XsdElement)]
    if error.invalid_tag is None:
        missing = error.expected_tags or allowed
        return (
            f"the element {missing[0]!r} is missing" if len(missing) == 1 else f"missing elements: {_joined(missing)}"
        )
    tag = error.invalid_tag
    if tag in allowed:
        return f"the element {tag!r} can be given only once here"
    if tag.startswith("{"):
        return _of_namespace(tag)
    meant = nearest(tag, allowed)
    advice = f"; did you mean {meant!r}?" if meant else "."
    return f"the element {_shown(tag)} is not allowed here{advice} Allowed here: {_joined(allowed)}"


def _of_value(error: XMLSchemaValidationError) -> str | None:
    facet = error.validator
    match facet:
        case XsdEnumerationFacets():
            return f"the value must be one of {_joined([repr(value) for value in facet.enumeration if value != ''])}"
        case XsdMaxLengthFacet():
            return f"the value has {len(error.obj)} characters: at most {facet.value} are allowed"
        case XsdMinInclusiveFacet():
            return f"the value must be at least {facet.value!s}"
        case XsdMaxInclusiveFacet():
            return f"the value must be at most {facet.value!s}"
        case XsdPatternFacets():
            return _not_a_number(facet.base_type)
        case XsdAtomicBuiltin():
            return _not_a_number(facet)
    return None


def _not_a_number(kind: object) -> str | None:
    names = {name for base in _bases(kind) if (name := getattr(base, "local_name", None)) is not None}
    if "integer" in names:
        return "the value must be a whole number in the digits 0 to 9"
    return "the value must be a number in the digits 0 to 9" if names & _NUMBERS else None


def _bases(kind: object) -> Iterator[object]:
    while kind is not None:
        yield kind
        kind = getattr(kind, "base_type", None)


def _of_structure(error: XMLSchemaValidationError) -> str | None:
    match error.validator:
        case XsdAttributeGroup() if isinstance(error.obj, dict) or hasattr(error.obj, "items"):
            names = ", ".join(_shown(str(name)) for name in error.obj)
            return f"attributes are not allowed here, and this element has {names}"
        case XsdGroup():
            return "text is not allowed here: put it into an element"
        case XMLSchema() if error.elem is not None:
            return _of_namespace(error.elem.tag)
        case XsdElement() if len(error.obj):
            return f"only text is allowed here, and this element has the element {_shown(error.obj[0].tag)} in it"
        case XsdElement() if _NIL in error.obj.attrib:
            return "the attribute xsi:nil is not allowed: leave the element empty, or leave it out"
    return None


def _of_namespace(tag: str) -> str:
    name = etree.QName(tag)
    return (
        f"the element {_shown(name.localname)} is in the namespace {_shown(name.namespace or '')}: "
        "the elements of a request have no namespace"
    )


def _by_other_members(kind: XsdUnion, value: str) -> Iterator[str]:
    for member in kind.member_types:
        if isinstance(member, XsdSimpleType) and member.local_name != "Empty":
            for error in member.iter_errors(value):
                yield _of_value(error) or error.reason or "the value is not valid"


def _belongs_to_empty(validator: object) -> bool:
    return getattr(getattr(validator, "parent", None), "local_name", None) == "Empty"


def _joined(names: list[str]) -> str:
    return ", ".join(names)


def _shown(name: str) -> str:
    return repr(name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "...")
