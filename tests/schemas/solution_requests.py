"""Requests of the services for solutions, instances and end users: contents that their schemas take or refuse."""

from tests.schemas.reading import Table, each, wrap

ID = "0b9f4c1e-8d3a-4f6b-9c2d-5e7a1b3c4d5f"
JSON = '{"a": [1, "&lt;b&gt;", null]}'
LONGEST_ID = "i" * 200
LONGEST_NAME = "n" * 1000
LONGEST_LABEL = "l" * 500
LONG_VALUE = "v" * 100_000
CREDENTIALS = wrap("userLogonReference", "ann") + wrap("password", "s3cret")


def one(path: str, content: str) -> str:
    """A content in elements one in the other, as in `TagList/tag`."""
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


def release() -> Table:
    """The table of the request to publish a release, and of that to see it before."""
    return Table(
        good=[
            each(solutionId=ID, releaseNotes="First\n  and best"),
            each(releaseNotes="n", solutionId=ID),
            each(solutionId="unknown"),
            each(solutionId=LONGEST_ID),
            each(releaseNotes="n" * 10_000),
            CREDENTIALS + each(solutionId=ID),
        ],
        bad=[
            each(solutionId=LONGEST_ID + "i"),
            each(releaseNotes="n" * 10_001),
            each(releaseNotes="<b>bold</b>"),
            each(releaseNumber="2"),
            each(solutionId=ID) * 2,
            each(action="force"),
        ],
    )


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
FULL_SCREEN = each(title="Slack", text="Which channel?", SlotList=each(externalId="a") + each(externalId="b"))
FULL_SOLUTION = CREDENTIALS + each(
    solutionId=ID,
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

SOLUTION_REQUESTS = {
    "SetSolution": Table(
        good=[
            FULL_SOLUTION,
            each(held="false", WorkflowList="", solutionId=ID),
            each(title=LONGEST_NAME, description="d" * 10_000),
            # A list of one empty entry
            *(
                one(path, "")
                for path in (
                    "TagList/tag",
                    "CustomFieldList/CustomField",
                    "AuthSlotList/AuthSlot",
                    "ConfigSlotList/ConfigSlot",
                    "WorkflowList/Workflow",
                )
            ),
            one("TagList/tag", LONGEST_LABEL),
            one("CustomFieldList/CustomField", each(value=LONG_VALUE, key=LONGEST_LABEL)),
            one("AuthSlotList/AuthSlot", "<mandatory/><hidden> true </hidden><ScopeList/><externalId/>"),
            one("AuthSlotList/AuthSlot/ScopeList/scope", LONGEST_LABEL),
            *(
                one("ConfigSlotList/ConfigSlot", each(type=word, externalId="x", Ddl=""))
                for word in ("string", "integer", "number", "boolean", "object", "array", " ddl ", "")
            ),
            one("ConfigSlotList/ConfigSlot", each(defaultValue=LONG_VALUE)),
            one("ConfigSlotList/ConfigSlot/Ddl", "<input/><operation/><connector/>"),
            *(one("WorkflowList/Workflow/trigger", word) for word in ("webhook", "manual", "scheduled", "")),
        ],
        bad=[
            each(title=LONGEST_NAME + "n"),
            each(description="d" * 10_001),
            each(solutionId=LONGEST_ID + "i"),
            each(held="yes"),
            each(enabled="true"),
            each(Ddl=""),
            one("TagList", "chat"),
            one("TagList/Tag", "chat"),
            one("TagList/tag", LONGEST_LABEL + "l"),
            each(TagList=each(tag="chat")) * 2,
            one("CustomFieldList/CustomField", each(key="k") * 2),
            one("CustomFieldList/CustomField/key", LONGEST_LABEL + "l"),
            one("AuthSlotList", FULL_AUTH_SLOT),
            one("AuthSlotList/AuthSlot", FULL_CONFIG_SLOT),
            one("AuthSlotList/AuthSlot/hidden", "1"),
            one("AuthSlotList/AuthSlot/mandatory", "TRUE"),
            one("AuthSlotList/AuthSlot/scope", "chat:write"),
            one("AuthSlotList/AuthSlot/ScopeList/scope", LONGEST_LABEL + "l"),
            one("AuthSlotList/AuthSlot/externalId", LONGEST_ID + "i"),
            *(one("ConfigSlotList/ConfigSlot/type", word) for word in ("text", "String", "null", "string integer")),
            one("ConfigSlotList/ConfigSlot", each(Ddl="") * 2),
            one("ConfigSlotList/ConfigSlot/Ddl/externalId", "external_slack"),
            one("ConfigSlotList/ConfigSlot/Ddl", "slack"),
            *(one("WorkflowList/Workflow/trigger", word) for word in ("cron", "Webhook", "manual scheduled")),
            one("WorkflowList/Workflow/schedule", "* " * 101),
            one("WorkflowList/Workflow", each(triggerUrl="https://example.com")),
        ],
    ),
    "GetSolution": Table(
        good=[
            each(solutionId=ID),
            each(solutionId=LONGEST_ID),
            each(releaseNumber="3", solutionId=ID),
            *(each(releaseNumber=number) for number in ("0", "-0", " +007 ", "2147483647", "\n")),
        ],
        bad=[
            each(solutionId=LONGEST_ID + "i"),
            *(
                each(releaseNumber=number)
                for number in ("-1", "1.0", "1_0", "2147483648", "9" * 400, "\u0663", "$latest", "draft")
            ),
            each(solutionId=ID) * 2,
        ],
    ),
    "PreviewSolutionRelease": release(),
    "PublishSolutionRelease": release(),
    "CreateExternalUser": Table(
        good=[
            each(name="Bob", externalUserId="crm-17"),
            each(externalUserId="crm-17", name="Bob"),
            each(name=LONGEST_NAME, externalUserId=LONGEST_ID),
            each(name=" Bob  &amp; Ann "),
            each(externalUserId=" a b "),
            CREDENTIALS + each(name="Bob"),
        ],
        bad=[
            each(name=LONGEST_NAME + "n"),
            each(externalUserId=LONGEST_ID + "i"),
            each(userId=ID),
            each(userName="Bob"),
            each(name="Bob") * 2,
            each(isTestUser="true"),
        ],
    ),
    "GenerateAuthorizationCode": Table(
        good=[
            each(userId=ID),
            each(solutionInstanceId=ID),
            each(solutionInstanceId=ID, userId=ID),
            each(userId=LONGEST_ID, solutionInstanceId=LONGEST_ID),
            each(userId="not an id"),
            CREDENTIALS + each(solutionInstanceId=""),
        ],
        bad=[
            each(userId=LONGEST_ID + "i"),
            each(solutionInstanceId=LONGEST_ID + "i"),
            each(userId=ID) * 2,
            each(owner=ID),
            each(instanceId=ID),
            each(userId=each(id=ID)),
        ],
    ),
    "RemoveExternalUser": only("userId"),
    "SetAuthentication": Table(
        good=[
            each(
                authenticationId=ID,
                owner=ID,
                name="Bob's Slack",
                service="slack",
                serviceVersion="2.0",
                serviceEnvironment="production",
                ScopeList=each(scope="chat:write") * 2,
                data=JSON,
                expires="2026-09-26T10:03:28.902Z",
            ),
            *(each(expires=when) for when in ("", " never ", "2026-02-30T10:03:28+02:00", "2026-09-26T10:03:28Z")),
            each(data=LONG_VALUE, owner=LONGEST_ID),
            each(name=LONGEST_NAME, service=LONGEST_LABEL, serviceVersion=LONGEST_LABEL),
            each(serviceEnvironment=LONGEST_LABEL, authenticationId=LONGEST_ID),
            one("ScopeList/scope", ""),
            each(owner="not an id"),
        ],
        bad=[
            each(authenticationId=LONGEST_ID + "i"),
            each(owner=LONGEST_ID + "i"),
            each(name=LONGEST_NAME + "n"),
            each(service=LONGEST_LABEL + "l"),
            *(each(expires=when) for when in ("soon", "2026-09-26", "2026-09-26T10:03:28", "-2026-09-26T10:03:28Z")),
            each(data="<token>t</token>"),
            one("ScopeList/Scope", "chat:write"),
            each(scopes="chat:write"),
            each(hidden="true"),
        ],
    ),
    "RemoveAuthentication": only("authenticationId"),
    "CreateSolutionInstance": Table(
        good=[
            each(solutionId=ID, owner=ID, instanceName="Slack &gt; Trello") + CONFIG_VALUE,
            each(instanceName=LONGEST_NAME, owner=LONGEST_ID, solutionId=LONGEST_ID),
            each(owner="not an id"),
            *GOOD_VALUES,
        ],
        bad=[
            each(solutionId=LONGEST_ID + "i"),
            each(instanceName=LONGEST_NAME + "n"),
            each(name="n"),
            each(enabled="true"),
            *BAD_VALUES,
        ],
    ),
    "UpdateSolutionInstance": Table(
        good=[
            each(
                solutionInstanceId=ID,
                instanceName="n",
                enabled="true",
                held="false",
                errorOnEnablingWithMissingValues="true",
            ),
            each(errorOnEnablingWithMissingValues="", held="true", enabled=" false ") + AUTH_VALUE,
            each(solutionInstanceId=LONGEST_ID),
            *GOOD_VALUES,
        ],
        bad=[
            each(solutionInstanceId=LONGEST_ID + "i"),
            each(enabled="on"),
            each(held="0"),
            each(errorOnEnablingWithMissingValues="YES"),
            each(releaseNumber="2"),
            *BAD_VALUES,
        ],
    ),
    "UpgradeSolutionInstance": Table(
        good=[each(solutionInstanceId=ID), each(solutionInstanceId="not an id"), *GOOD_VALUES],
        bad=[
            each(solutionInstanceId=LONGEST_ID + "i"),
            each(instanceName="n"),
            each(enabled="true"),
            each(releaseNumber="2"),
            *BAD_VALUES,
        ],
    ),
    "RemoveSolutionInstance": only("solutionInstanceId"),
    "GetSolutionInstances": Table(
        good=[
            each(
                solutionInstanceId=ID,
                owner=ID,
                solutionId=ID,
                hasNewerVersion="true",
                requiresUserInputToUpdateVersion="false",
                requiresSystemInputToUpdateVersion="",
                page="1",
                pageSize="1000",
            ),
            each(pageSize="1", page="2147483647"),
            *(each(page=number) for number in (" +7 ", "007", "\n")),
            each(owner=LONGEST_ID),
        ],
        bad=[
            *(each(page=number) for number in ("0", "-1", "2147483648", "9" * 400, "1.0", "\u0663", "first")),
            *(each(pageSize=number) for number in ("0", "-1", "1001", "1e2", "all")),
            each(hasNewerVersion="1"),
            each(requiresUserInputToUpdateVersion="no"),
            each(owner=LONGEST_ID + "i"),
            each(SolutionVersionFlags=each(hasNewerVersion="true")),
        ],
    ),
    "UpdateSolutionInstances": Table(
        good=[
            each(
                action="impact",
                solutionId=ID,
                owner=ID,
                TagList=each(tag="pilot"),
                percent="10",
                targetReleaseNumber="2",
            )
            + CONFIG_VALUE,
            *(each(action=word) for word in ("force", "update", " impact ", "")),
            *(each(percent=number) for number in ("0", "100", " +5 ", "007", "-0", "\n")),
            *(each(targetReleaseNumber=number) for number in ("0", "2147483647")),
            each(ConfigValueList="<ConfigValue/>", TagList="<tag/>"),
        ],
        bad=[
            *(each(action=word) for word in ("upgrade", "impact|force", "Force")),
            *(each(percent=number) for number in ("-1", "101", "9" * 400, "10%", "1.5", "\u0663")),
            *(each(targetReleaseNumber=number) for number in ("-1", "2147483648", "latest")),
            one("TagList/tag", LONGEST_LABEL + "l"),
            one("ConfigValueList/ConfigValue", each(externalId="x", authId=ID)),
            AUTH_VALUE,
            each(releaseNumber="2"),
        ],
    ),
}
