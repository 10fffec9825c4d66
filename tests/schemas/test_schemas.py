"""The published schema files: they compile, and libxml2 and xmlschema read them alike."""

import io
import socket
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
import xmlschema
from lxml import etree

SCHEMAS = Path(__file__).parents[2] / "schemas"
XS = "{http://www.w3.org/2001/XMLSchema}"
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
REQUESTS = sorted(path.stem for path in SCHEMAS.glob("requests/*.xsd"))
RESPONSES = sorted(path.stem for path in SCHEMAS.glob("responses/*.xsd"))
ROOTS = [f"requests/{name}" for name in REQUESTS] + [f"responses/{name}" for name in RESPONSES]
LONGEST_REFERENCE = "r" * 2000


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError("a schema must not need the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def parser() -> etree.XMLParser:
    """Comments are dropped while parsing, so that they do not cut a text in two."""
    return etree.XMLParser(no_network=True, resolve_entities=False, remove_comments=True, remove_pis=True)


def parse(document: str) -> etree._Element:
    return etree.fromstring(document.encode(), parser())


@cache
def source(schema: str) -> etree._Element:
    return etree.parse(str(SCHEMAS / f"{schema}.xsd"), parser()).getroot()


@cache
def libxml2(schema: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(SCHEMAS / f"{schema}.xsd"), parser()))


@cache
def python(schema: str) -> xmlschema.XMLSchema10:
    return xmlschema.XMLSchema10(str(SCHEMAS / f"{schema}.xsd"), allow="local", defuse="always")


def valid(schema: str, document: str | etree._Element) -> bool:
    """What both libraries say; they must say the same."""
    root = parse(document) if isinstance(document, str) else document
    by_libxml2 = libxml2(schema).validate(root)
    by_python = python(schema).is_valid(root)
    text = etree.tostring(root, encoding="unicode")
    assert by_libxml2 == by_python, f"libxml2 {by_libxml2}, xmlschema {by_python}: {text[:300]}"
    return by_libxml2


def wrap(name: str, content: str) -> str:
    return f"<{name}>{content}</{name}>"


def request_elements(service: str) -> list[etree._Element]:
    """The declarations below the root of a request."""
    return source(f"requests/{service}").findall(
        f"{XS}complexType[@name='{service}Request']/{XS}all/{XS}element"
    )


def enumerated_types(service: str) -> set[str]:
    return {
        simple.get("name", "")
        for schema in ("common", f"requests/{service}")
        for simple in source(schema).findall(f"{XS}simpleType")
        if simple.find(f"{XS}restriction/{XS}enumeration") is not None
    }


# The files


def test_every_service_has_a_request_and_a_response() -> None:
    assert [*REQUESTS, "Error"] == sorted(RESPONSES, key=lambda name: (name == "Error", name))
    assert {"UpdateNodeVersions", "NodeImport", "GetNode", "FreezeNode", "CopyNode"} <= set(REQUESTS)
    assert {"CreateUser", "CreatePermission"} <= set(REQUESTS)


@pytest.mark.parametrize("schema", ROOTS)
def test_both_libraries_compile_it_and_only_its_own_root_is_global(schema: str) -> None:
    name = schema.rpartition("/")[2]
    assert libxml2(schema) is not None
    assert list(python(schema).elements) == [name]
    assert [element.get("name") for element in source(schema).findall(f"{XS}element")] == [name]


def test_the_shared_file_compiles_and_has_no_root() -> None:
    assert libxml2("common") is not None
    assert list(python("common").elements) == []


@pytest.mark.parametrize("schema", ["common", *ROOTS])
def test_form_of_the_file(schema: str) -> None:
    root = source(schema)
    assert (
        (SCHEMAS / f"{schema}.xsd")
        .read_text(encoding="utf-8")
        .startswith('<?xml version="1.0" encoding="UTF-8"?>\n')
    )
    assert root.get("version") == "1"
    assert root.get("targetNamespace") is None
    includes = [element.get("schemaLocation") for element in root.findall(f"{XS}include")]
    assert includes == ([] if schema == "common" else ["../common.xsd"])
    assert not root.findall(f"{XS}import")


@pytest.mark.parametrize("schema", ["common", *ROOTS])
def test_types_have_names_and_named_things_are_explained(schema: str) -> None:
    root = source(schema)
    for kind in ("simpleType", "complexType", "group"):
        assert len(list(root.iter(f"{XS}{kind}"))) == len(root.findall(f"{XS}{kind}[@name]")) + len(
            root.findall(f".//{XS}{kind}[@ref]")
        )
    for thing in root.iterchildren(f"{XS}element", f"{XS}simpleType", f"{XS}complexType", f"{XS}group"):
        text = thing.findtext(f"{XS}annotation/{XS}documentation", "")
        assert text.strip(), f"{thing.get('name')} has no documentation"


@pytest.mark.parametrize("folder", ["requests", "responses"])
def test_a_type_name_means_one_thing_in_a_folder(folder: str) -> None:
    names = [
        thing.get("name")
        for schema in ["common", *(root for root in ROOTS if root.startswith(folder))]
        for thing in source(schema).iterchildren(f"{XS}simpleType", f"{XS}complexType")
    ]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", RESPONSES)
def test_every_response_extends_the_envelope(name: str) -> None:
    extension = source(f"responses/{name}").find(
        f"{XS}complexType[@name='{name}Response']/{XS}complexContent/{XS}extension"
    )
    assert extension is not None
    assert extension.get("base") == "Answer"
    assert all(element.get("minOccurs") == "0" for element in extension.findall(f"{XS}sequence/{XS}element"))


# Requests in general


@pytest.mark.parametrize("service", REQUESTS)
def test_a_request_begins_with_the_credentials_and_needs_nothing(service: str) -> None:
    elements = request_elements(service)
    assert [element.get("name") for element in elements][:2] == ["userLogonReference", "password"]
    assert all(element.get("minOccurs") == "0" for element in elements)
    assert valid(f"requests/{service}", f"<{service}/>")
    assert valid(f"requests/{service}", wrap(service, "\n  <!-- nothing --> \n"))


@pytest.mark.parametrize("service", REQUESTS)
@pytest.mark.parametrize("empty", ["<{0}/>", "<{0}></{0}>", "<{0}>\n  </{0}>"])
def test_all_elements_may_be_empty_in_any_order(service: str, empty: str) -> None:
    names = [element.get("name") for element in request_elements(service)]
    for turn in range(len(names)):
        order = names[turn:] + names[:turn]
        for some in (order, order[::-1], order[: len(order) // 2]):
            assert valid(f"requests/{service}", wrap(service, "".join(empty.format(name) for name in some)))


@pytest.mark.parametrize("service", REQUESTS)
def test_what_no_request_may_hold(service: str) -> None:
    for content in (
        "<unknown/>",
        "<userLogonReference/><unknown/>",
        "<userLogonReference/><userLogonReference/>",
        "text",
        "<password><b/></password>",
        '<password plain="true"/>',
        f"<password {XSI} xsi:nil='true'/>",
        "<password xmlns='urn:other'/>",
        wrap("userLogonReference", "u" * 201),
        wrap("password", "p" * 1025),
        wrap(service, ""),
    ):
        assert not valid(f"requests/{service}", wrap(service, content)), content
    for document in (
        f'<{service} unknown="1"/>',
        f'<{service} xmlns="urn:other"/>',
        "<Unknown/>",
        "<userLogonReference/>",
    ):
        assert not valid(f"requests/{service}", document), document


@pytest.mark.parametrize("service", REQUESTS)
def test_the_credentials_at_their_longest(service: str) -> None:
    content = wrap("password", " \U0001f600" * 512) + wrap("userLogonReference", f"  {'u' * 200}\n")
    assert valid(f"requests/{service}", wrap(service, content))


@pytest.mark.parametrize(
    ("service", "name"),
    [
        (service, element.get("name"))
        for service in REQUESTS
        for element in request_elements(service)
        if element.get("type") in enumerated_types(service)
    ],
)
def test_an_enumeration_takes_its_own_words_only(service: str, name: str) -> None:
    for word in ("nonsense", "FORCE", "True", "1", "impact force", "for ce"):
        assert not valid(f"requests/{service}", wrap(service, wrap(name, word))), word


# Requests, service by service


class Table(NamedTuple):
    """Contents of the root of a request: some that the schema takes and some that it refuses."""

    good: list[str]
    bad: list[str]


def member(content: str) -> str:
    """A NodeImport request content with one member."""
    return version(f"<MemberList><Member>{content}</Member></MemberList>")


def version(content: str) -> str:
    """A NodeImport request content with one version."""
    return (
        "<NodeList><Node><nodeReference>acme.Widget</nodeReference><VersionList><Version>"
        f"<nodeVersionNumber>1</nodeVersionNumber>{content}</Version></VersionList></Node></NodeList>"
    )


MEMBER_TYPE = "<nodeVersionReferenceMemberType>acme.part.1</nodeVersionReferenceMemberType>"
FULL_IMPORT = """
  <userLogonReference>userid</userLogonReference><password>password</password>
  <action>force</action>
  <NodeList>
    <Node>
      <nodeReference>acme.catalog.Widget</nodeReference>
      <VersionList>
        <Version>
          <nodeVersionNumber>1</nodeVersionNumber>
          <frozenIndicator>true</frozenIndicator>
          <nodeName>Widget</nodeName>
          <nodeVersionComment/>
          <nodeVersionReferenceType>acme.types.Product.1</nodeVersionReferenceType>
          <MemberList>
            <Member>
              <nodeVersionReferenceMemberType>acme.types.part.1</nodeVersionReferenceMemberType>
              <nodeMemberValue/><nodeMemberScale/>
              <nodeVersionReferenceTarget>acme.catalog.Bolt.1</nodeVersionReferenceTarget>
              <nodeMemberComment/>
            </Member>
            <Member>
              <nodeMemberComment>any order</nodeMemberComment>
              <nodeMemberScale>1.5</nodeMemberScale>
              <nodeVersionReferenceMemberType>acme.types.weight.1</nodeVersionReferenceMemberType>
            </Member>
          </MemberList>
        </Version>
        <Version><frozenIndicator>false</frozenIndicator><nodeVersionNumber>2</nodeVersionNumber></Version>
      </VersionList>
    </Node>
    <Node><VersionList/><nodeReference>acme.catalog.Bolt</nodeReference></Node>
  </NodeList>
"""

REQUEST_TABLES = {
    "UpdateNodeVersions": Table(
        good=[
            # The documented input, with a choice made in each element
            "<userLogonReference>userid</userLogonReference>\n<password>password</password> <nodeIdentifier/>"
            " <nodeReference/> <action>impact</action> <updateContentIndicator>false</updateContentIndicator>"
            " <alwaysCreateNewVersionIndicator>false</alwaysCreateNewVersionIndicator>"
            " <sourceScope>node</sourceScope> <sourceReference/>",
            "<action>force</action><updateContentIndicator>true</updateContentIndicator>",
            "<action>update</action><sourceScope>current</sourceScope>",
            "<sourceReference>acme.Manifest.3</sourceReference><sourceScope>manifest</sourceScope>",
            "<sourceScope>latest</sourceScope><nodeReference>acme.catalog</nodeReference>",
            "<action> \n force </action>",
            "<action>im<!-- cut -->pact</action>",
            "<action><![CDATA[impact]]></action>",
            "<nodeIdentifier>9007199254740991</nodeIdentifier>",
            "<nodeIdentifier>0</nodeIdentifier>",
            "<nodeIdentifier> +007 </nodeIdentifier>",
            "<nodeIdentifier>-0</nodeIdentifier>",
            wrap("nodeReference", LONGEST_REFERENCE),
            "<nodeReference>not..a reference</nodeReference>",
        ],
        bad=[
            "<action>modify</action>",
            "<action>impact|force</action>",
            "<sourceScope>all</sourceScope>",
            "<updateContentIndicator>yes</updateContentIndicator>",
            "<alwaysCreateNewVersionIndicator>0</alwaysCreateNewVersionIndicator>",
            "<nodeIdentifier>-1</nodeIdentifier>",
            "<nodeIdentifier>1.0</nodeIdentifier>",
            "<nodeIdentifier>1_0</nodeIdentifier>",
            "<nodeIdentifier>\u0663</nodeIdentifier>",
            "<nodeIdentifier>9007199254740992</nodeIdentifier>",
            wrap("nodeIdentifier", "9" * 400),
            "<nodeIdentifier>acme</nodeIdentifier>",
            wrap("nodeReference", LONGEST_REFERENCE + "r"),
            "<NodeReference>acme</NodeReference>",
            "<action>force</action><action>force</action>",
        ],
    ),
    "NodeImport": Table(
        good=[
            FULL_IMPORT,
            "<NodeList/>",
            "<NodeList></NodeList><action>impact</action><password/>",
            version(""),
            version("<MemberList/><nodeName/><frozenIndicator/><nodeVersionReferenceType/>"),
            version(wrap("nodeName", "n" * 1000) + wrap("nodeVersionComment", "c" * 4000)),
            member(MEMBER_TYPE + wrap("nodeMemberValue", "v" * 100_000)),
            *(
                member(wrap("nodeMemberScale", scale) + MEMBER_TYPE)
                for scale in ("0", "-1.5e3", ".5", "1.", " +1E-7 ", "1.7976931348623157E308", "1e-999", "\n")
            ),
        ],
        bad=[
            "<NodeList>text</NodeList>",
            "<NodeList><Version/></NodeList>",
            "<NodeList><Node/></NodeList>",
            "<NodeList><Node><nodeReference>acme</nodeReference></Node></NodeList>",
            "<NodeList><Node><VersionList/></Node></NodeList>",
            "<NodeList/><NodeList/>",
            "<action>update</action><NodeList/>",
            version("<nodeVersionNumber>1</nodeVersionNumber>"),
            version("<frozenIndicator>draft</frozenIndicator>"),
            version(wrap("nodeName", "n" * 1001)),
            version(wrap("nodeVersionComment", "c" * 4001)),
            *(
                version("").replace(">1<", f">{number}<")
                for number in ("", "0", "-1", "1000000", "1.0", "$latest", "1 0")
            ),
            version("").replace("<nodeVersionNumber>1</nodeVersionNumber>", ""),
            member(""),
            member("<nodeMemberValue>v</nodeMemberValue>"),
            member(MEMBER_TYPE + MEMBER_TYPE),
            member(MEMBER_TYPE + wrap("nodeMemberComment", "c" * 4001)),
            *(
                member(wrap("nodeMemberScale", scale) + MEMBER_TYPE)
                for scale in ("INF", "-INF", "NaN", "nan", "1e999", "-1e999", "1,5", ".", "1e", "0x10", "1_0")
            ),
        ],
    ),
    "GetNode": Table(
        good=[
            "<nodeVersionIdentifier>17</nodeVersionIdentifier>",
            "<nodeVersionReference>acme.catalog.Widget.2</nodeVersionReference>",
            "<nodeVersionReference>acme.catalog.Widget.$latest</nodeVersionReference>",
            "<memberDetailLevel>none</memberDetailLevel><nodeVersionReference>acme</nodeVersionReference>",
            "<memberDetailLevel>full</memberDetailLevel><nodeVersionIdentifier>0</nodeVersionIdentifier>",
            wrap("nodeVersionReference", LONGEST_REFERENCE),
        ],
        bad=[
            "<memberDetailLevel>brief</memberDetailLevel>",
            "<memberDetailLevel>none full</memberDetailLevel>",
            "<nodeVersionIdentifier>-17</nodeVersionIdentifier>",
            "<nodeVersionIdentifier>acme.catalog</nodeVersionIdentifier>",
            "<nodeReference>acme</nodeReference>",
            wrap("nodeVersionReference", LONGEST_REFERENCE + "r"),
        ],
    ),
    "FreezeNode": Table(
        good=[
            "<nodeReference>acme.catalog</nodeReference><action>impact</action>",
            "<nodeIdentifier>12</nodeIdentifier><action>force</action>",
            "<freezeContentIndicator>true</freezeContentIndicator><nodeReference>acme</nodeReference>",
            "<freezeContentIndicator> false </freezeContentIndicator>",
            wrap("nodeReference", LONGEST_REFERENCE),
            "<nodeIdentifier>0</nodeIdentifier><nodeReference>acme</nodeReference>",
        ],
        bad=[
            "<action>update</action>",
            "<action>freeze</action>",
            "<freezeContentIndicator>TRUE</freezeContentIndicator>",
            "<updateContentIndicator>true</updateContentIndicator>",
            "<nodeIdentifier>x</nodeIdentifier>",
            wrap("nodeReference", LONGEST_REFERENCE + "r"),
        ],
    ),
    "CopyNode": Table(
        good=[
            "<nodeVersionReferenceFrom>acme.A.1</nodeVersionReferenceFrom><nodeReferenceTo>acme.B</nodeReferenceTo>",
            "<nodeReferenceTo>acme.A</nodeReferenceTo><nodeVersionReferenceFrom>acme.A</nodeVersionReferenceFrom>",
            "<nodeNameTo>A &amp; B</nodeNameTo>",
            wrap("nodeNameTo", "\U0001f600" * 1000),
            wrap("nodeReferenceTo", LONGEST_REFERENCE),
            "<nodeVersionReferenceFrom>acme.A.$current</nodeVersionReferenceFrom>",
        ],
        bad=[
            wrap("nodeNameTo", "n" * 1001),
            wrap("nodeReferenceTo", LONGEST_REFERENCE + "r"),
            wrap("nodeVersionReferenceFrom", LONGEST_REFERENCE + "r"),
            "<nodeReferenceFrom>acme.A</nodeReferenceFrom>",
            "<nodeNameTo><b>bold</b></nodeNameTo>",
            "<nodeReferenceTo>acme.B</nodeReferenceTo><nodeReferenceTo>acme.C</nodeReferenceTo>",
        ],
    ),
    "CreateUser": Table(
        good=[
            "<userLogonReferenceCreate>ann</userLogonReferenceCreate><passwordCreate>s3cret</passwordCreate>",
            "<userEmailAddress>ann@example.com</userEmailAddress><userName>Ann</userName>",
            "<passwordCreate>  spaces count  </passwordCreate>",
            wrap("passwordCreate", "p" * 1024),
            wrap("userLogonReferenceCreate", "u" * 200),
            wrap("userName", "n" * 1000) + wrap("userEmailAddress", "m" * 320),
        ],
        bad=[
            wrap("passwordCreate", "p" * 1025),
            wrap("userLogonReferenceCreate", "u" * 201),
            wrap("userName", "n" * 1001),
            wrap("userEmailAddress", "m" * 321),
            "<userCapabilities>administer-all</userCapabilities>",
            "<userName>Ann</userName><userName>Bob</userName>",
        ],
    ),
    "CreatePermission": Table(
        good=[
            "<permissionTypeReference>node-read</permissionTypeReference>"
            "<userGroupReference>public</userGroupReference><objectReference>acme</objectReference>",
            "<objectReference>acme.catalog</objectReference><userGroupReference>ann</userGroupReference>",
            "<permissionTypeReference> package-administer </permissionTypeReference>",
            wrap("objectReference", LONGEST_REFERENCE),
            wrap("userGroupReference", LONGEST_REFERENCE),
            "<permissionTypeReference>no such permission</permissionTypeReference>",
        ],
        bad=[
            wrap("objectReference", LONGEST_REFERENCE + "r"),
            wrap("userGroupReference", LONGEST_REFERENCE + "r"),
            wrap("permissionTypeReference", LONGEST_REFERENCE + "r"),
            "<permissionTypeIdentifier>1</permissionTypeIdentifier>",
            "<objectReference><nodeReference>acme</nodeReference></objectReference>",
            "<objectReference>a</objectReference><objectReference>b</objectReference>",
        ],
    ),
}


def test_every_request_has_a_table() -> None:
    assert sorted(REQUEST_TABLES) == REQUESTS
    assert all(len(table.good) >= 6 <= len(table.bad) for table in REQUEST_TABLES.values())


@pytest.mark.parametrize("service", REQUESTS)
def test_good_and_bad_requests(service: str) -> None:
    for content in REQUEST_TABLES[service].good:
        assert valid(f"requests/{service}", wrap(service, content)), content[:300]
    for content in REQUEST_TABLES[service].bad:
        assert not valid(f"requests/{service}", wrap(service, content)), content[:300]


@pytest.mark.parametrize(
    ("document", "nodes"),
    [
        (FULL_IMPORT, 2),
        (version(""), 1),
        ("<NodeList/>", 0),
        (FULL_IMPORT.replace("</NodeList>", "<Node/></NodeList>"), None),
    ],
)
def test_node_import_is_checked_while_it_streams(document: str, nodes: int | None) -> None:
    def read() -> int:
        stream = io.BytesIO(wrap("NodeImport", document).encode())
        return sum(1 for _ in etree.iterparse(stream, tag="Node", schema=libxml2("requests/NodeImport")))

    if nodes is None:
        with pytest.raises(etree.XMLSyntaxError, match="Missing child element"):
            read()
    else:
        assert read() == nodes


# Responses

SIX = (
    "<nodeVersionIdentifier>41</nodeVersionIdentifier><nodeVersionReference>acme.catalog.2</nodeVersionReference>"
    "<nodeName>Catalogue</nodeName><nodeIdentifier>7</nodeIdentifier><nodeReference>acme.catalog</nodeReference>"
    "<nodeVersionNumber>2</nodeVersionNumber>"
)
ROW = "<nodeReference>acme.A</nodeReference><nodeVersionNumber>2</nodeVersionNumber><nodeName/>"
MEMBER_UPDATE = (
    "<nodeReferenceMemberType>acme.part</nodeReferenceMemberType>"
    "<nodeVersionNumberMemberType>1</nodeVersionNumberMemberType><nodeNameMemberType>Part</nodeNameMemberType>"
    "<memberUpdateType>change</memberUpdateType><nodeReferenceTarget>acme.B</nodeReferenceTarget>"
    "<nodeVersionNumberTarget>2</nodeVersionNumberTarget><nodeNameTarget>B</nodeNameTarget>"
)
UPDATE = (
    f"{ROW}<updateType>version</updateType><errorMessage/><typeUpdateType>change</typeUpdateType>"
    "<nodeReferenceType>acme.T</nodeReferenceType><nodeVersionNumberType>2</nodeVersionNumberType>"
    "<nodeNameType>T</nodeNameType><MemberUpdateList>"
    f"<MemberUpdate>{MEMBER_UPDATE}</MemberUpdate>"
    "</MemberUpdateList>"
)
UPDATE_REMOVE = (
    f"{ROW}<updateType>version</updateType><typeUpdateType>none</typeUpdateType><MemberUpdateList><MemberUpdate>"
    "<nodeReferenceMemberType>acme.part</nodeReferenceMemberType>"
    "<nodeVersionNumberMemberType>1</nodeVersionNumberMemberType><nodeNameMemberType/>"
    "<memberUpdateType>remove</memberUpdateType></MemberUpdate></MemberUpdateList>"
)
MEMBER = (
    "<nodeVersionReferenceMemberType>acme.part.1</nodeVersionReferenceMemberType><nodeNameMemberType/>"
    "<nodeMemberSequence>1</nodeMemberSequence><nodeMemberValue> v </nodeMemberValue>"
    "<nodeMemberScale>-2.5E-3</nodeMemberScale><nodeVersionReferenceTarget>acme.B.2</nodeVersionReferenceTarget>"
    "<nodeNameTarget/><nodeMemberComment>c</nodeMemberComment>"
)
ERROR = (
    "<errorNumber>105</errorNumber><errorDescription>technical</errorDescription>"
    "<errorMessage>for the person</errorMessage><errorFields>nodeReference</errorFields>"
)

# Everything that an answer can hold, in the one right order
FULL_ANSWERS = {
    "Error": ERROR,
    "UpdateNodeVersions": f"{ERROR}{SIX}<UpdateList><Update>{UPDATE}</Update></UpdateList>",
    "NodeImport": f"{ERROR}<nodesCreated>2</nodesCreated><versionsCreated>3</versionsCreated>"
    "<versionsReplaced>0</versionsReplaced><membersWritten>9007199254740991</membersWritten>",
    "GetNode": f"{ERROR}{SIX}<nodeFrozenVersionNumber>0</nodeFrozenVersionNumber><nodeVersionComment/>"
    "<nodeVersionReferenceType>system.PACKAGE_LISTING.1</nodeVersionReferenceType><nodeNameType>Package</nodeNameType>"
    f"<MemberList><Member>{MEMBER}</Member></MemberList>",
    "FreezeNode": f"{ERROR}{SIX}<NodeList><Node>{ROW}<errorMessage>m</errorMessage></Node></NodeList>",
    "CopyNode": f"{ERROR}{SIX}",
    "CreateUser": f"{ERROR}<userIdentifier>3</userIdentifier><userLogonReference>ann</userLogonReference>",
    "CreatePermission": f"{ERROR}<permissionIdentifier>5</permissionIdentifier>",
}

# Contents after an errorNumber of 0
ANSWER_TABLES = {
    "Error": Table(good=[], bad=["<errorMessage/><errorDescription/>", SIX, "<requestId/>"]),
    "UpdateNodeVersions": Table(
        good=[
            SIX,
            f"{SIX}<UpdateList/>",
            f"<UpdateList><Update>{UPDATE}</Update><Update>{UPDATE}</Update></UpdateList>",
            f"<UpdateList><Update>{ROW}<updateType>warning</updateType><errorMessage>m</errorMessage></Update></UpdateList>",
            f"<UpdateList><Update>{ROW}<updateType>error</updateType><errorMessage>m</errorMessage></Update></UpdateList>",
            f"<UpdateList><Update>{UPDATE_REMOVE}</Update></UpdateList>",
            f"<UpdateList><Update>{ROW}<updateType>change</updateType><MemberUpdateList/></Update></UpdateList>",
            wrap("nodeVersionReference", f"{LONGEST_REFERENCE}.999999"),
        ],
        bad=[
            f"<UpdateList><Update>{ROW}<updateType>modify</updateType></Update></UpdateList>",
            f"<UpdateList><Update>{ROW}</Update></UpdateList>",
            "<UpdateList><Update/></UpdateList>",
            "<UpdateList/><UpdateList/>",
            f"<UpdateList><Update>{UPDATE.replace('>change<', '>modify<')}</Update></UpdateList>",
            f"<UpdateList><Update>{UPDATE.replace('>change<', '>remove<', 1)}</Update></UpdateList>",
            f"<UpdateList><Update>{UPDATE.replace('>2<', '>0<', 1)}</Update></UpdateList>",
            f"<UpdateList>{UPDATE}</UpdateList>",
        ],
    ),
    "NodeImport": Table(
        good=["<nodesCreated>0</nodesCreated>", "<membersWritten>1000000</membersWritten>"],
        bad=[
            "<nodesCreated/>",
            "<nodesCreated>-1</nodesCreated>",
            "<membersWritten>9007199254740992</membersWritten>",
            "<NodeList/>",
        ],
    ),
    "GetNode": Table(
        good=[
            SIX,
            f"{SIX}<MemberList/>",
            "<nodeFrozenVersionNumber>999999</nodeFrozenVersionNumber>",
            f"<MemberList><Member>{MEMBER_TYPE}</Member><Member>{MEMBER}</Member></MemberList>",
            f"<MemberList><Member>{MEMBER_TYPE}<nodeMemberValue/></Member></MemberList>",
        ],
        bad=[
            "<nodeFrozenVersionNumber/>",
            "<nodeFrozenVersionNumber>-1</nodeFrozenVersionNumber>",
            "<MemberList><Member/></MemberList>",
            f"<MemberList><Member>{MEMBER_TYPE}<nodeMemberScale>INF</nodeMemberScale></Member></MemberList>",
            f"<MemberList><Member>{MEMBER_TYPE}<nodeMemberScale/></Member></MemberList>",
        ],
    ),
    "FreezeNode": Table(
        good=[SIX, f"{SIX}<NodeList/>", f"<NodeList><Node>{ROW}</Node><Node>{ROW}</Node></NodeList>"],
        bad=["<NodeList><Node/></NodeList>", f"<NodeList>{ROW}</NodeList>", f"<NodeList/>{SIX}"],
    ),
    "CopyNode": Table(
        good=[SIX, "<nodeName/>"],
        bad=[
            "<nodeVersionIdentifier/>",
            "<nodeVersionIdentifier>0</nodeVersionIdentifier>",
            "<nodeVersionNumber>0</nodeVersionNumber>",
            SIX + SIX,
        ],
    ),
    "CreateUser": Table(
        good=["<userIdentifier>1</userIdentifier>", "<userLogonReference>ann</userLogonReference>"],
        bad=["<userIdentifier/>", "<userIdentifier>ann</userIdentifier>", "<password>s3cret</password>"],
    ),
    "CreatePermission": Table(
        good=["<permissionIdentifier>1</permissionIdentifier>"],
        bad=[
            "<permissionIdentifier/>",
            "<permissionIdentifier>0</permissionIdentifier>",
            "<objectReference/>",
        ],
    ),
}

# The elements of the documented output, in their order
DOCUMENTED_OUTPUT = [
    "errorNumber",
    "nodeVersionIdentifier",
    "nodeVersionReference",
    "nodeName",
    "nodeIdentifier",
    "nodeReference",
    "nodeVersionNumber",
    "UpdateList",
    "Update",
    "nodeReference",
    "nodeVersionNumber",
    "nodeName",
    "updateType",
    "errorMessage",
    "typeUpdateType",
    "nodeReferenceType",
    "nodeVersionNumberType",
    "nodeNameType",
    "MemberUpdateList",
    "MemberUpdate",
    "nodeReferenceMemberType",
    "nodeVersionNumberMemberType",
    "nodeNameMemberType",
    "memberUpdateType",
    "nodeReferenceTarget",
    "nodeVersionNumberTarget",
    "nodeNameTarget",
]


def swaps(root: etree._Element) -> Iterator[tuple[str, etree._Element]]:
    """The document again and again, each time with two unlike neighbours changed over."""
    for number, parent in enumerate(root.iter()):
        for place in range(len(parent) - 1):
            if parent[place].tag != parent[place + 1].tag:
                changed = deepcopy(root)
                below = list(changed.iter())[number]
                below.insert(place, below[place + 1])
                yield f"{parent[place + 1].tag} before {parent[place].tag}", changed


def test_every_response_has_its_examples() -> None:
    assert sorted(FULL_ANSWERS) == RESPONSES
    assert sorted(ANSWER_TABLES) == RESPONSES


@pytest.mark.parametrize("name", RESPONSES)
def test_the_envelope_alone_is_an_answer(name: str) -> None:
    schema = f"responses/{name}"
    assert valid(schema, wrap(name, ERROR))
    assert valid(schema, wrap(name, "<errorNumber>100</errorNumber><errorDescription>d</errorDescription>"))
    for number in (0, *range(100, 110)):
        assert valid(schema, wrap(name, f"<errorNumber>{number}</errorNumber>"))
    for refused in ("", "1", "99", "110", "-1", "0.0", "none"):
        assert not valid(schema, wrap(name, f"<errorNumber>{refused}</errorNumber>"))
    for content in ("", "<errorDescription>d</errorDescription>", "<errorNumber>0</errorNumber>text"):
        assert not valid(schema, wrap(name, content))
    assert not valid(schema, wrap("Other", ERROR))


@pytest.mark.parametrize("name", RESPONSES)
def test_a_full_answer_has_one_order(name: str) -> None:
    root = parse(wrap(name, FULL_ANSWERS[name]))
    assert valid(f"responses/{name}", root)
    tried = 0
    for what, changed in swaps(root):
        assert not valid(f"responses/{name}", changed), what
        tried += 1
    assert tried >= 3


@pytest.mark.parametrize("name", RESPONSES)
def test_a_full_answer_leaves_no_element_out(name: str) -> None:
    declared = {
        element.get("name")
        for element in source(f"responses/{name}").iter(f"{XS}element")
        if element.getparent() is not source(f"responses/{name}")
    }
    assert declared <= {element.tag for element in parse(wrap(name, FULL_ANSWERS[name])).iter()}


@pytest.mark.parametrize("name", RESPONSES)
def test_good_and_bad_answers(name: str) -> None:
    for content in ANSWER_TABLES[name].good:
        assert valid(f"responses/{name}", wrap(name, f"<errorNumber>0</errorNumber>{content}")), content[:300]
    for content in [*ANSWER_TABLES[name].bad, "<unknown/>", "<errorNumber>0</errorNumber>"]:
        assert not valid(f"responses/{name}", wrap(name, f"<errorNumber>0</errorNumber>{content}")), content[
            :300
        ]


def test_update_node_versions_keeps_the_documented_order() -> None:
    root = parse(wrap("UpdateNodeVersions", FULL_ANSWERS["UpdateNodeVersions"]))
    for name in ("errorDescription", "errorMessage", "errorFields"):
        envelope = root.find(name)
        assert envelope is not None
        root.remove(envelope)
    assert valid("responses/UpdateNodeVersions", root)
    assert [element.tag for element in root.iterdescendants()] == DOCUMENTED_OUTPUT
