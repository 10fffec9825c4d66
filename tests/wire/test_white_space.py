"""White space is tab, line feed, carriage return and space, in XML and in HTTP Basic, and nothing else."""

from __future__ import annotations

from xml.dom import minidom

import pytest
from lxml import etree
from sqlalchemy import Engine

from tests.support.builders import LIST, Graph, M, V, frozen
from tests.support.http import ADMIN, PASSWORD, Client, message
from tests.support.layouts import compact, spread
from tests.support.solution_store import Store, config_slot, element, leaf, leaves, values
from tests.wire.test_import_stream import NODE, assert_nothing_written, document
from tests.wire.test_runs import get

OTHER_SPACES = ["\u00a0", "\u0085", "\u1680", "\u2003", "\u2028", "\u3000", "\ufeff"]
BLANK = "\n      \t\r\n"


def slot_ids(store: Store, solution: str) -> list[str | None]:
    reply = store.done("GetSolution", solutionId=solution)
    return [slot.findtext("externalId") for slot in reply.tree.iter("ConfigSlot")]


@pytest.mark.ledger("DEC-38")
@pytest.mark.parametrize("space", OTHER_SPACES)
def test_other_spaces_are_kept_in_a_token(store: Store, space: str) -> None:
    name = f"{space}a{space}{space}b{space}"
    solution = store.set(element("ConfigSlotList", config_slot(name)), leaves("TagList", "tag", [name]), solution=None)
    assert slot_ids(store, solution) == [name]
    store.publish(solution)
    owner = store.done("CreateExternalUser", name="Ann", externalUserId=name).text("userId")
    instance = store.instance(solution, owner, config={name: '"x"'})
    assert store.get(instance).config == {name: '"x"'}
    assert store.faults("CreateExternalUser", name="Bo", externalUserId=name) == ["externalUserId"]
    assert store.done("CreateExternalUser", name="Bo", externalUserId="a b").number == 0


def test_white_space_in_a_token_is_collapsed(store: Store) -> None:
    solution = store.set(element("ConfigSlotList", config_slot("\n\t a \r\n\t b  ")))
    assert slot_ids(store, solution) == ["a b"]
    store.publish(solution)
    assert store.get(store.instance(solution, config={" a\nb": "1".join('""')})).config == {"a b": '"1"'}


@pytest.mark.parametrize("space", OTHER_SPACES)
@pytest.mark.parametrize(
    "fields",
    [
        {"nodeVersionReference": "system", "memberDetailLevel": "none{}"},
        {"nodeVersionReference": "system", "nodeVersionIdentifier": "{}6000001"},
        {"nodeVersionReference": "system", "nodeVersionIdentifier": "{}"},
        {"nodeVersionReference": "{}system"},
        {"nodeVersionReference": "system{}"},
    ],
)
def test_other_spaces_are_refused_where_the_form_does_not_admit_them(
    reader: Client, fields: dict[str, str], space: str
) -> None:
    reply = reader.post(message("GetNode", {name: text.format(space) for name, text in fields.items()}))
    assert reply.number == 105
    assert reply.text("errorFields") == list(fields)[-1]


@pytest.mark.parametrize("digits", ["\uff11", "\u0661", "\u0967", "\u00b2", "1_0", "\u2167"])
def test_digits_are_ascii(reader: Client, digits: str) -> None:
    for service, field in (("GetNode", "nodeVersionIdentifier"), ("GetSolutionInstances", "page")):
        reply = reader.post(message(service, {field: digits}))
        assert (reply.status, reply.number, reply.text("errorFields")) == (400, 105, field)
    body = document(NODE.replace("Number>1<", f"Number>{digits}<"))
    assert reader.post(body).status == 400


@pytest.mark.parametrize("form", ["\uff10{}", "{}\u3000", "\u3000{}", "{} ", "urn:uuid:{}", "_{}", "{}\u0660"])
def test_an_id_is_a_uuid_in_ascii(store: Store, form: str) -> None:
    solution = store.published()
    given = form.format(solution[1:] if form.endswith("{}") and len(form) == 3 else solution)
    found = store.reply_to("GetSolution", solutionId=given)
    assert found.number == (0 if form == "{} " else 105)
    assert store.done("GetSolution", solutionId=f"\n {solution.upper()}\t").text("solutionId") == solution


def test_the_name_of_a_user_is_a_token_at_sign_in(client: Client) -> None:
    for logon in (f" {ADMIN}\n", f"\t{ADMIN}"):
        auth = (logon, PASSWORD)
        body = message("GetNode", {"nodeVersionReference": "system"})
        assert client.post(body, auth=auth).number == 0
        leading = {"userLogonReference": logon, "password": PASSWORD, "nodeVersionReference": "system"}
        assert client.as_user(None).post(message("GetNode", leading)).number == 0
    for space in OTHER_SPACES:
        assert client.post("<GetNode/>", auth=(f"{ADMIN}{space}", PASSWORD)).number == 101


def test_the_runs_are_chosen_by_tokens(client: Client) -> None:
    client.load(Graph().node("P.A", frozen()))
    client.update("P", "force")
    assert len(get(client, "/runs?context=%20P%0A&state=%09done").get_json()["runs"]) == 1
    assert get(client, "/runs?context=P%E3%80%80").status_code == 400


@pytest.mark.parametrize("number", ["%EF%BC%91", "%D9%A1", "1_0", "9" * 19, "9" * 5000, "+1"])
def test_the_number_of_a_run_is_in_ascii_digits(reader: Client, number: str) -> None:
    assert get(reader, f"/runs/{number}").status_code == 404


class TestBlankElements:
    """An element that holds white space alone is an empty element."""

    def test_texts_of_a_solution_are_kept(self, store: Store) -> None:
        solution = store.set(title="Support", description="For all")
        store.set(solution=solution, title=BLANK, description=BLANK, held=BLANK)
        reply = store.done("GetSolution", solutionId=solution)
        assert (reply.text("title"), reply.text("description")) == ("Support", "For all")
        assert store.faults("SetSolution", title=BLANK) == ["title"]

    def test_names_of_an_instance_and_an_authentication_are_kept(self, store: Store) -> None:
        owner = store.user()
        instance = store.instance(store.published(), owner, "Mine")
        assert store.update(instance, instanceName=BLANK).name == "Mine"
        authentication = store.authentication(owner)
        store.done("SetAuthentication", authenticationId=authentication, name=BLANK, data=BLANK, service=BLANK)

    def test_a_slot_has_no_default_and_no_title(self, store: Store) -> None:
        blank = config_slot("a", title=BLANK, defaultValue=BLANK)
        solution = store.set(element("ConfigSlotList", blank))
        slot = next(store.done("GetSolution", solutionId=solution).tree.iter("ConfigSlot"))
        assert (slot.findtext("title"), slot.findtext("defaultValue")) == ("", None)

    def test_a_config_value_is_missing(self, store: Store) -> None:
        instance = store.instance(store.published(config=[config_slot("a")]))
        faults = store.faults("UpdateSolutionInstance", *values({"a": BLANK}), solutionInstanceId=instance)
        assert faults == ["ConfigValueList/ConfigValue[1]/value"]

    def test_the_value_of_a_custom_field_is_as_given(self, store: Store) -> None:
        fields = element("CustomFieldList", element("CustomField", leaf("key", "k"), leaf("value", " \n ")))
        solution = store.set(fields)
        reply = store.done("GetSolution", solutionId=solution)
        assert reply.text("CustomFieldList/CustomField/value") == " \n "

    def test_a_copy_has_the_name_of_its_source(self, client: Client) -> None:
        client.load(Graph().node("P.A", frozen(name="Wheel")))
        given = {"nodeVersionReferenceFrom": "P.A", "nodeReferenceTo": "P.B", "nodeNameTo": BLANK}
        assert client.post(message("CopyNode", given)).text("nodeName") == "Wheel"

    def test_a_user_has_the_logon_reference_as_name_and_no_mail_address(self, client: Client, engine: Engine) -> None:
        given = {"userLogonReferenceCreate": " ann ", "passwordCreate": PASSWORD, "userName": BLANK}
        reply = client.post(message("CreateUser", {**given, "userEmailAddress": BLANK}))
        assert reply.text("userLogonReference") == "ann"
        with engine.connect() as connection:
            query = "SELECT user_name, user_email_address FROM account WHERE user_logon_reference = 'ann'"
            assert connection.exec_driver_sql(query).one() == ("ann", None)

    @pytest.mark.ledger("DEC-39")
    def test_a_password_is_as_given_and_not_blank(self, client: Client) -> None:
        given = {"userLogonReferenceCreate": "ann", "passwordCreate": BLANK + " " * 20}
        assert client.post(message("CreateUser", given)).text("errorFields") == "passwordCreate"
        password = f"  \u3000{PASSWORD}\n"
        client.post(message("CreateUser", {**given, "passwordCreate": password}))
        for auth, number in ((("ann", password), 105), (("ann", password.strip()), 101)):
            assert client.post("<GetNode/>", auth=auth).number == number

    def test_blank_credentials_in_the_message_leave_those_of_http_basic(self, client: Client) -> None:
        blank = {"userLogonReference": BLANK, "password": BLANK}
        given = {**blank, "nodeVersionReference": "system"}
        assert client.post(message("GetNode", given)).number == 0
        around = "".join(leaf(name, text) for name, text in blank.items())
        assert client.post(document(NODE, around=around + "<action>impact</action>")).number == 0

    def test_control_characters_are_not_white_space(self, client: Client) -> None:
        given = {"userLogonReferenceCreate": "ann", "passwordCreate": f"{PASSWORD}&#x1;"}
        assert client.post(message("CreateUser", given).replace("&amp;", "&")).status == 400


class TestImports:
    def test_a_pretty_printed_import_is_a_compact_one(self, client: Client) -> None:
        versions = ("P.A.1", "P.B.1", "P.B.2")
        graph = (
            Graph()
            .node("P.A", V((M(value="  a\n  b ", comment="why"), M(value="\n"), M(scale=1.5)), name="A"))
            .node("P.B", V((M(target="P.A.1"),), comment="one"), V((M(target="P.A.1", comment="c"),), draft=True))
        )
        body = with_empty_elements(graph.xml())
        assert client.post(compact(body)).number == 0
        before = [client.get(version).response.data for version in versions]
        toprettyxml = minidom.parseString(body).toprettyxml(indent="\t", newl="\r\n")  # noqa: S318 - our own
        for pretty in (body, spread(body), toprettyxml):
            reply = client.post(pretty)
            assert (reply.number, reply.text("versionsCreated"), reply.text("versionsReplaced")) == (0, "0", "1")
            assert [client.get(version).response.data for version in versions] == before

    def test_blank_names_and_comments_are_absent_and_blank_values_are_values(self, client: Client) -> None:
        member = M(value=" \n ", comment=BLANK)
        assert client.load(Graph().node("P.A", V((member,), name=BLANK, comment=BLANK))).number == 0
        found = client.get("P.A")
        assert (found.text("nodeName"), found.text("nodeVersionComment")) == ("A", None)
        assert found.members() == [f"{LIST} =  \n "]

    @pytest.mark.parametrize("space", OTHER_SPACES)
    def test_other_spaces_between_elements_are_text(self, reader: Client, space: str) -> None:
        for body in (
            document(NODE, space, NODE),
            document(NODE, space),
            document(space, NODE),
            document(NODE.replace("<Version>", f"<Version>{space}")),
            document(NODE, around=space),
        ):
            assert reader.post(body).status == 400
            assert_nothing_written(reader, reader.post(body))

    @pytest.mark.parametrize("space", OTHER_SPACES)
    def test_other_spaces_in_tokens_are_refused(self, reader: Client, space: str) -> None:
        for body in (
            document(NODE.replace("I.A", f"I.A{space}")),
            document(NODE.replace("system.", f"{space}system.")),
            document(NODE, around=f"<action>impact{space}</action>"),
        ):
            assert_nothing_written(reader, reader.post(body))

    def test_any_amount_of_white_space_before_an_action_is_ignored(self, reader: Client) -> None:
        for around in (f"<action>{' ' * 5000}impact\n</action>", f"<action>{BLANK * 900}impact</action>"):
            assert reader.post(document(NODE, around=around)).text("nodesCreated") == "2"
        assert reader.post("<GetNode><nodeVersionReference>I</nodeVersionReference></GetNode>").number == 105


def with_empty_elements(body: str) -> str:
    """An import in which each version and member has all its elements, also those without a value."""
    root = etree.fromstring(body.encode())
    for parent, names in (
        ("Version", ["nodeName", "nodeVersionComment", "MemberList"]),
        ("Member", ["nodeMemberValue", "nodeMemberScale", "nodeVersionReferenceTarget", "nodeMemberComment"]),
    ):
        for element_ in root.iter(parent):
            for name in names:
                if element_.find(name) is None:
                    etree.SubElement(element_, name)
    return etree.tostring(root, encoding="unicode")
