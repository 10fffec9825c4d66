"""Parts of requests about solutions."""

from tests.schemas.reading import Table, each, wrap

ID = "0b9f4c1e-8d3a-4f6b-9c2d-5e7a1b3c4d5f"
JSON = '{"a": [1, "&lt;b&gt;", null]}'
LONGEST_ID = "i" * 200
LONGEST_NAME = "n" * 1000
LONGEST_LABEL = "l" * 500
LONG_VALUE = "v" * 100_000
CREDENTIALS = wrap("userLogonReference", "ann") + wrap("password", "s3cret")


def one(path: str, content: str) -> str:
    """A content in nested elements, as in `TagList/tag`."""
    for name in reversed(path.split("/")):
        content = wrap(name, content)
    return content


def only(name: str) -> Table:
    """The table of a request that has nothing but an id."""
    return Table(
        good=[
            wrap(name, ID),
            wrap(name, ID.upper()),
            wrap(name, f"\n  {ID} "),
            wrap(name, "not an id"),
            wrap(name, LONGEST_ID),
            CREDENTIALS + wrap(name, ID),
        ],
        bad=[
            wrap(name, LONGEST_ID + "i"),
            wrap(name, ID) * 2,
            wrap(name, "<id/>"),
            wrap(name, ID).replace(name, name.capitalize()),
            wrap("nodeIdentifier", "1"),
            wrap("held", "true"),
        ],
    )


def release(good: tuple[str, ...] = (), bad: tuple[str, ...] = ()) -> Table:
    """The table of the requests to publish and to preview a release, with the contents that only one of them has."""
    return Table(
        good=[
            *good,
            each(solutionId=ID, releaseNotes="First\n  and best"),
            each(releaseNotes="n", solutionId=ID),
            each(solutionId="unknown"),
            each(solutionId=LONGEST_ID),
            each(releaseNotes="n" * 10_000),
            CREDENTIALS + each(solutionId=ID),
        ],
        bad=[
            *bad,
            each(solutionId=LONGEST_ID + "i"),
            each(releaseNotes="n" * 10_001),
            each(releaseNotes="<b>bold</b>"),
            each(releaseNumber="2"),
            each(solutionId=ID) * 2,
            each(action="force"),
        ],
    )


FULL_SCREEN = each(title="Slack", text="Which channel?", SlotList=each(externalId="a") + each(externalId="b"))

FULL_AUTH_SLOT = each(
    externalId="external_slack",
    title="Slack",
    service="slack",
    serviceVersion="2.0",
    serviceEnvironment="production",
    ScopeList=each(scope="chat:write") + each(scope="https://scopes.example.com/read only"),
    authenticationId=ID,
    hidden="false",
    mandatory="true",
)
FULL_CONFIG_SLOT = each(
    externalId="external_support-email",
    title="Mail",
    type="ddl",
    defaultValue='"support@example.com"',
    hidden="true",
    mandatory="false",
    Ddl=each(
        connector="slack",
        connectorVersion="7.1",
        operation="list_channels_ddl",
        input=JSON,
        authSlotExternalId="external_slack",
    ),
)
FULL_WORKFLOW = each(
    sourceWorkflowId="wf-1", sourceWorkflowName="Sync", trigger="scheduled", schedule="*/5 8-18 * * MON-FRI"
)
EDITION = "0123456789abcdef" * 2
FULL_SOLUTION = CREDENTIALS + each(
    solutionId=ID,
    solutionEdition=EDITION,
    title="Slack to Trello",
    description="Cards\n  from messages",
    TagList=each(tag="chat") + each(tag="boards"),
    CustomFieldList=wrap("CustomField", each(key="plan", value=" gold ")),
    AuthSlotList=wrap("AuthSlot", FULL_AUTH_SLOT) + wrap("AuthSlot", each(externalId="external_trello")),
    ConfigSlotList=wrap("ConfigSlot", FULL_CONFIG_SLOT) + wrap("ConfigSlot", each(title="T", externalId="x")),
    WorkflowList=wrap("Workflow", FULL_WORKFLOW) + wrap("Workflow", each(sourceWorkflowId="wf-2")),
    ScreenList=wrap("Screen", FULL_SCREEN) + wrap("Screen", each(title="Last")),
    held="true",
)

CONFIG_VALUE = one("ConfigValueList/ConfigValue", each(externalId="external_support-email", value='"a@example.com"'))
AUTH_VALUE = one("AuthValueList/AuthValue", each(externalId="external_slack", authId=ID))
GOOD_VALUES = [
    CONFIG_VALUE + AUTH_VALUE,
    AUTH_VALUE + CONFIG_VALUE,
    *(one("ConfigValueList/ConfigValue", each(value=value, externalId="x")) for value in (JSON, " true ", LONG_VALUE)),
    one("ConfigValueList", each(ConfigValue=each(externalId="x", value="1")) * 3),
    one("ConfigValueList", "<ConfigValue/><ConfigValue><value/><externalId/></ConfigValue>"),
    one("AuthValueList", "<AuthValue/><AuthValue><authId/><externalId/></AuthValue>"),
    one("AuthValueList/AuthValue", each(externalId=LONGEST_ID, authId="not an id")),
]
BAD_VALUES = [
    CONFIG_VALUE * 2,
    AUTH_VALUE * 2,
    one("ConfigValueList", each(externalId="x", value="1")),
    one("ConfigValueList/ConfigValue", each(externalId="x", authId=ID)),
    one("ConfigValueList/ConfigValue", each(value="1") * 2),
    one("ConfigValueList/ConfigValue/value", "<a/>"),
    one("ConfigValueList/ConfigValue/externalId", LONGEST_ID + "i"),
    one("ConfigValueList/AuthValue", each(externalId="x", authId=ID)),
    one("AuthValueList/AuthValue", each(externalId="x", value="1")),
    one("AuthValueList/AuthValue/authId", LONGEST_ID + "i"),
]
