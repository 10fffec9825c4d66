"""A NodeImport document, read as a stream: validated on the way, never held whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from lxml import etree

from app.nodes.importing import ImportMember, ImportNode, ImportVersion
from app.services.node_import import SERVICE, ImportAction, NodeImportRequest
from app.wire.decode import collapsed
from app.wire.intake import Document, hardened_parser
from app.wire.refusal import NotValidError, Refused
from app.wire.schemas import faults, log_faults, request_schema

IMPORT = SERVICE.name

_LEADING = ("userLogonReference", "password", "action")
_END_OF_LIST = b"</NodeList>"
_TAIL = 64 * 1024
_EXPLAINED = 1024 * 1024
_PARSER_OPTIONS = {
    "encoding": "utf-8",
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}


def leading_elements(document: Document) -> dict[str, str]:
    """The credentials and the action, which mostly stand before the list, and may stand behind it."""
    found = _leading(document.file, to_the_end=_something_follows(document.file))
    document.file.seek(0)
    return found


def import_request(document: Document, leading: dict[str, str]) -> NodeImportRequest:
    """The request; its nodes raise Refused or NotValidError when they are read and the document is not right."""
    action = collapsed(leading.get("action", ""))
    known = action if action in list(ImportAction) else ""
    return NodeImportRequest(ImportAction(known or ImportAction.FORCE), _nodes(document))


def _nodes(document: Document) -> Iterator[ImportNode]:
    events = etree.iterparse(
        document.file, events=("end",), tag="Node", schema=request_schema(IMPORT), **_PARSER_OPTIONS
    )
    try:
        for _, element in events:
            node = _node(element)
            if node is not None:
                yield node
            _forget(element)
    except etree.XMLSyntaxError as error:
        raise _not_right(document, events, error) from None


def _not_right(document: Document, events: etree.iterparse, error: etree.XMLSyntaxError) -> Refused | NotValidError:
    """Say what is wrong: xmlschema with paths if the document is small, else libxml2 with lines."""
    size = document.file.seek(0, 2)
    document.file.seek(0)
    if size <= _EXPLAINED:
        try:
            explained = faults(IMPORT, etree.parse(document.file, hardened_parser()).getroot())
        except etree.XMLSyntaxError:
            explained = []
        if explained:
            return NotValidError(explained)
    log = [entry for entry in events.error_log if entry.domain_name.startswith("SCHEMAS")]
    if log:
        return NotValidError(log_faults(log))
    return Refused(400, f"the document is not well-formed: {error.msg}")


def _node(element: etree._Element) -> ImportNode | None:
    """A node; None where the element is not valid, which the parser reports at the document's end."""
    try:
        versions = tuple(_version(version) for version in element.iterfind("VersionList/Version"))
    except ValueError:
        return None
    return ImportNode(_token(element, "nodeReference") or "", versions)


def _version(element: etree._Element) -> ImportVersion:
    return ImportVersion(
        number=int(_token(element, "nodeVersionNumber") or ""),
        frozen=_token(element, "frozenIndicator") == "true",
        name=element.findtext("nodeName") or None,
        comment=element.findtext("nodeVersionComment") or None,
        type_reference=_token(element, "nodeVersionReferenceType"),
        members=tuple(_member(member) for member in element.iterfind("MemberList/Member")),
    )


def _member(element: etree._Element) -> ImportMember:
    texts: dict[str, str | None] = {child.tag: child.text for child in element}
    scale = (texts.get("nodeMemberScale") or "").strip()
    return ImportMember(
        member_type_reference=collapsed(texts.get("nodeVersionReferenceMemberType") or ""),
        value=texts.get("nodeMemberValue") or None,
        scale=float(scale) if scale else None,
        target_reference=collapsed(texts.get("nodeVersionReferenceTarget") or "") or None,
        comment=texts.get("nodeMemberComment") or None,
    )


def _token(element: etree._Element, name: str) -> str | None:
    return collapsed(element.findtext(name) or "") or None


def _forget(element: etree._Element) -> None:
    """Free a node that has been read, and those before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _leading(file: IO[bytes], *, to_the_end: bool) -> dict[str, str]:
    file.seek(0)
    found: dict[str, str] = {}
    tags = (*_LEADING, "NodeList", "Node")
    try:
        for event, element in etree.iterparse(file, events=("start", "end"), tag=tags, **_PARSER_OPTIONS):
            if event == "end" and element.tag in _LEADING:
                found.setdefault(str(element.tag), element.text or "")
            elif event == "end" and element.tag == "Node":
                _forget(element)
            elif event == "start" and element.tag == "NodeList" and not to_the_end:
                break
    except etree.XMLSyntaxError as error:
        raise Refused(400, f"the document is not well-formed: {error.msg}") from None
    return found


def _something_follows(file: IO[bytes]) -> bool:
    """Whether elements may come behind the list of nodes."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _TAIL))
    before, end, after = file.read().rpartition(_END_OF_LIST)
    return not (end and after.strip() == f"</{IMPORT}>".encode()) and bool(before or end or size)
