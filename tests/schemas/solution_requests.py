"""Requests of the services for solutions, instances and end users: contents that their schemas take or refuse."""

from tests.schemas.reading import Table, each
from tests.schemas.solution_parts import (
    AUTH_VALUE,
    BAD_VALUES,
    CONFIG_VALUE,
    CREDENTIALS,
    FULL_AUTH_SLOT,
    FULL_CONFIG_SLOT,
    FULL_SOLUTION,
    GOOD_VALUES,
    ID,
    JSON,
    LONG_VALUE,
    LONGEST_ID,
    LONGEST_LABEL,
    LONGEST_NAME,
    one,
    only,
    release,
)

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
