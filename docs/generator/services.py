"""The reference of the XML services: fields from the XSD files, examples from the golden pairs of the tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lxml import etree

ROOT = Path(__file__).parents[2]
_UP = "../../.."
_SCHEMAS = ROOT / "schemas"
_CASES = ROOT / "tests" / "conformance"
_XS = "{http://www.w3.org/2001/XMLSchema}"
_CREDENTIALS = frozenset({"userLogonReference", "password"})
_CONTAINERS = frozenset({f"{_XS}{name}" for name in ("sequence", "all", "choice", "complexContent")})


def pages() -> Iterator[tuple[str, str]]:
    """The name and the text of the index and of a page for each service."""
    services = service_names()
    yield "services/README.md", _index(services)
    for service in services:
        yield f"services/{service}.md", _page(service)


def service_names() -> list[str]:
    """The names of all services."""
    return sorted(path.stem for path in (_SCHEMAS / "requests").glob("*.xsd"))


def example(service: str) -> tuple[str, str, str]:
    """The title, the request and the response of the case that is shown in full."""
    shown = _shown(_cases(service))
    return _title(shown), _xml(shown / "request.xml"), _xml(shown / "response.xml")


def _index(services: list[str]) -> str:
    rows = "\n".join(f"| [{name}]({name}.md) | {Schema('requests', name).about(name)} |" for name in services)
    return (
        "# Services\n\n"
        "POST a request as XML to `/service`, or to `/service/NAME`. Credentials come in `userLogonReference` and\n"
        "`password`, or by HTTP Basic; those in the message win. Elements may come in any order; an empty element\n"
        "means an absent one. Every response begins with `errorNumber`: see [errors](../../http.md#errors).\n\n"
        "| service | what a request asks for |\n|---|---|\n" + rows + "\n"
    )


def _page(service: str) -> str:
    request, response = Schema("requests", service), Schema("responses", service)
    parts = [
        f"# {service}\n\n{request.about(service)}",
        f"Schemas: [request]({_UP}/schemas/requests/{service}.xsd), [response]({_UP}/schemas/responses/{service}.xsd).",
        "## Request\n\n" + _table(request.fields(service), credentials=False),
        f"## Response\n\n{response.about(service)}\n\n" + _table(response.fields(service), credentials=True),
        "## Examples\n\n" + "\n\n".join(_examples(service)),
    ]
    return "\n\n".join(parts) + "\n"


def _table(fields: Iterator[tuple[str, str, str]], *, credentials: bool) -> str:
    rows = [
        f"| `{path}` | {occurs} | {about} |"
        for path, occurs, about in fields
        if credentials or path not in _CREDENTIALS
    ]
    return "\n".join(["| element | occurs | meaning |", "|---|---|---|", *rows])


def _examples(service: str) -> Iterator[str]:
    """The first case that succeeds in full, and links to the others."""
    cases = _cases(service)
    shown = _shown(cases)
    title, request, response = example(service)
    yield f"{title}\n\n```xml\n{request}```\n\n```xml\n{response}```"
    links = [f"- [{_title(case)}](../../../{case.relative_to(ROOT).as_posix()}/)" for case in cases if case != shown]
    if links:
        yield "More, each a request with its response:\n\n" + "\n".join(links)


def _cases(service: str) -> list[Path]:
    return sorted(path.parent for path in (_CASES / service).glob("*/request.xml"))


def _shown(cases: list[Path]) -> Path:
    return min(cases, key=lambda case: (_error_number(case) not in ("0", "108"), _error_number(case), case.name))


def _error_number(case: Path) -> str:
    return etree.parse(case / "response.xml").findtext("errorNumber") or ""


def _title(case: Path) -> str:
    root = etree.parse(case / "request.xml").getroot()
    comments = [" ".join((comment.text or "").split()) for comment in root.itersiblings(etree.Comment, preceding=True)]
    return comments[0] if comments else case.name


def _xml(file: Path) -> str:
    root = etree.parse(file, etree.XMLParser(remove_comments=True)).getroot()
    return etree.tostring(root, encoding="unicode") + "\n"


class Schema:
    """An XSD file with the types that it includes."""

    def __init__(self, folder: str, service: str) -> None:
        self._named: dict[tuple[str, str], etree._Element] = {}
        self._kinds: dict[str, str] = {}
        self._read(_SCHEMAS / folder / f"{service}.xsd")

    def about(self, service: str) -> str:
        """What the root element is."""
        return _documentation(self._named["element", service])

    def kind(self, path: str) -> str:
        """The name of the type of an element that `fields` has returned."""
        return self._kinds[path]

    def has_elements(self, kind: str) -> bool:
        """Whether elements of a type have elements in them."""
        return ("complexType", kind) in self._named

    def simple_type(self, kind: str) -> etree._Element | None:
        """The simple type with a name, or None."""
        return self._named.get(("simpleType", kind))

    def fields(self, service: str) -> Iterator[tuple[str, str, str]]:
        """The path, the occurrence and the meaning of each element below the root."""
        yield from self._below(self._named["complexType", local(self._named["element", service].get("type"))], "")

    def _read(self, path: Path) -> None:
        root = etree.parse(path).getroot()
        for child in root:
            if child.tag == f"{_XS}include":
                self._read((path.parent / child.get("schemaLocation", "")).resolve())
            elif isinstance(child.tag, str) and child.get("name"):
                self._named[etree.QName(child).localname, child.get("name", "")] = child

    def _below(self, element: etree._Element, path: str) -> Iterator[tuple[str, str, str]]:
        for child in element:
            if child.tag == f"{_XS}element":
                yield from self._element(child, path)
            elif child.tag == f"{_XS}group":
                yield from self._below(self._named["group", local(child.get("ref"))], path)
            elif child.tag == f"{_XS}extension":
                yield from self._below(self._named["complexType", local(child.get("base"))], path)
                yield from self._below(child, path)
            elif child.tag in _CONTAINERS:
                yield from self._below(child, path)

    def _element(self, element: etree._Element, path: str) -> Iterator[tuple[str, str, str]]:
        name = f"{path}{element.get('name')}"
        kind = local(element.get("type"))
        self._kinds[name] = kind
        complex_type = self._named.get(("complexType", kind))
        required, about = _required(_documentation(element))
        meaning = f"{about} {self._meaning(kind)}".strip() if required else about or self._meaning(kind)
        yield name, required or _occurs(element), meaning
        if complex_type is not None:
            yield from self._below(complex_type, f"{name}/")

    def _meaning(self, kind: str) -> str:
        of = self._named.get(("simpleType", kind))
        of = self._named.get(("complexType", kind)) if of is None else of
        return "" if of is None else _documentation(of)


def local(name: str | None) -> str:
    return (name or "").partition(":")[2] or (name or "")


def _required(about: str) -> tuple[str, str]:
    """Whether the service requires an element that the schema leaves optional, from what is said of it, and the rest.

    In a request an empty element means the same as an absent one, so the schema cannot require it. Its documentation
    begins with a sentence such as `Required.` or `Required for a new solution.`
    """
    if not about.startswith("Required"):
        return "", about
    sentence, _, rest = about.partition(".")
    return sentence[0].lower() + sentence[1:], rest.strip()


def _occurs(element: etree._Element) -> str:
    least, most = element.get("minOccurs", "1"), element.get("maxOccurs", "1")
    if most == "unbounded":
        return "any number" if least == "0" else "one or more"
    return "optional" if least == "0" else "once"


def _documentation(element: etree._Element) -> str:
    text = element.findtext(f"{_XS}annotation/{_XS}documentation") or ""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
