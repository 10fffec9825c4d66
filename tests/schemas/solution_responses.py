"""Responses of the services for solutions, instances and end users: contents that their schemas accept or refuse."""

from tests.schemas.reading import ERROR, Table, each, wrap
from tests.schemas.solution_parts import (
    EDITION,
    FULL_AUTH_SLOT,
    FULL_CONFIG_SLOT,
    FULL_SCREEN,
    FULL_WORKFLOW,
    ID,
    JSON,
    LONG_VALUE,
    LONGEST_ID,
    LONGEST_NAME,
    one,
)

CREATED = "2019-09-26T10:03:28.902Z"
INSTANCE = each(
    solutionInstanceId=ID,
    name="Slack channel &gt; Trello",
    enabled="false",
    created=CREATED,
    held="true",
    owner=ID,
    solutionId=ID,
    releaseNumber="3",
    SolutionVersionFlags=each(
        hasNewerVersion="true",
        requiresUserInputToUpdateVersion="false",
        requiresSystemInputToUpdateVersion="true",
    ),
    ConfigValueList=wrap("ConfigValue", each(externalId="external_mail", value='"a@example.com"')),
    AuthValueList=wrap("AuthValue", each(externalId="external_slack", authId=ID)),
    PendingSlotList=each(externalId="external_limit"),
)
BARE_INSTANCE = each(
    solutionInstanceId=ID,
    name="",
    enabled="true",
    created="2026-01-31T00:00:00+00:00",
    held="false",
    owner=ID,
    solutionId=ID,
    releaseNumber="2147483647",
    SolutionVersionFlags=each(
        hasNewerVersion="false",
        requiresUserInputToUpdateVersion="false",
        requiresSystemInputToUpdateVersion="false",
    ),
    ConfigValueList="",
    AuthValueList="",
    PendingSlotList="",
)
BAD_INSTANCES = [
    "",
    INSTANCE * 2,
    INSTANCE.replace(ID, "not an id", 1),
    INSTANCE.replace(ID, ID.upper(), 1),
    INSTANCE.replace(ID, "", 1),
    INSTANCE.replace("<name>Slack channel &gt; Trello</name>", ""),
    INSTANCE.replace("<enabled>false</enabled>", ""),
    INSTANCE.replace("<enabled>false</enabled>", "<enabled/>"),
    INSTANCE.replace(CREATED, "2019-09-26"),
    INSTANCE.replace(CREATED, "1569492208"),
    INSTANCE.replace("<held>true</held>", ""),
    INSTANCE.replace("<releaseNumber>3<", "<releaseNumber>0<"),
    INSTANCE.replace("<hasNewerVersion>true</hasNewerVersion>", ""),
    INSTANCE.replace(one("PendingSlotList/externalId", "external_limit"), ""),
    INSTANCE.replace(each(value='"a@example.com"'), ""),
    INSTANCE.replace(each(authId=ID), each(authId="")),
    INSTANCE + each(workflows=""),
]
CHANGE = each(
    slotKind="config",
    externalId="external_mail",
    code="CreatedMandatorySlot",
    message="The new slot needs a value",
    breakingChange="true",
    hidden="false",
)
IMPACT = each(
    solutionId=ID,
    solutionEdition=EDITION,
    releaseNumber="4",
    breakingChanges="true",
    requiresNewUserInput="true",
    requiresNewSystemInput="false",
    notice="upgrade",
    instancesAutomatic="0",
    instancesUpgrade="17",
    noticeMessage="An upgrade is needed.",
)
FULL_IMPACT = IMPACT + one("SlotChangeList/SlotChange", CHANGE)
RELEASE = each(releaseNumber="1", releaseNotes="First", publishedBy="ann", publishedAt=CREATED)
UPDATE_HEAD = each(solutionInstanceId=ID, name="n", owner=ID, releaseNumberFrom="3", releaseNumberTo="4")
UPDATE = UPDATE_HEAD + each(
    updateType="upgrade", errorMessage="m", PendingSlotList=each(externalId="a") + each(externalId="b")
)

# Everything that a response can hold, in the required order
FULL_SOLUTION_RESPONSES = {
    "SetSolution": ERROR + each(solutionId=ID, solutionEdition=EDITION),
    "GetSolution": ERROR
    + each(
        solutionId=ID,
        solutionEdition=EDITION,
        title="Slack to Trello",
        description="Cards from messages",
        TagList=each(tag="chat"),
        CustomFieldList=wrap("CustomField", each(key="plan", value=" gold ")),
        AuthSlotList=wrap("AuthSlot", FULL_AUTH_SLOT),
        ConfigSlotList=wrap("ConfigSlot", FULL_CONFIG_SLOT),
        WorkflowList=wrap("Workflow", FULL_WORKFLOW),
        ScreenList=wrap("Screen", FULL_SCREEN),
        latestReleaseNumber="1",
        held="false",
        ReleaseList=wrap("Release", RELEASE),
    ),
    "PreviewSolutionRelease": ERROR + FULL_IMPACT,
    "PublishSolutionRelease": ERROR + FULL_IMPACT,
    "CreateExternalUser": ERROR + each(userId=ID),
    "GenerateAuthorizationCode": ERROR
    + each(authorizationCode="A" * 43, wizardPath=f"/external/solutions/relink/configure/{ID}?code=A"),
    "RemoveExternalUser": ERROR,
    "SetAuthentication": ERROR + each(authenticationId=ID),
    "RemoveAuthentication": ERROR,
    "CreateSolutionInstance": ERROR + wrap("SolutionInstance", INSTANCE),
    "UpdateSolutionInstance": ERROR + wrap("SolutionInstance", INSTANCE),
    "UpgradeSolutionInstance": ERROR + wrap("SolutionInstance", INSTANCE),
    "RemoveSolutionInstance": ERROR,
    "GetSolutionInstances": ERROR + each(totalCount="1", SolutionInstanceList=wrap("SolutionInstance", INSTANCE)),
    "UpdateSolutionInstances": ERROR
    + each(solutionId=ID, title="Slack to Trello", releaseNumber="4", UpdateList=wrap("Update", UPDATE)),
}


def only(name: str) -> Table:
    """The table of a response that has only an id."""
    return Table(
        good=[wrap(name, ID), wrap(name, "00000000-0000-0000-0000-000000000000")],
        bad=[
            *(wrap(name, text) for text in ("", "1", ID.upper(), ID.replace("-", ""), f"{{{ID}}}", ID + "0")),
            wrap(name, ID) * 2,
        ],
    )


def nothing() -> Table:
    """The table of a response that only says whether the request was done."""
    return Table(good=[""], bad=[each(solutionInstanceId=ID), each(userId=ID), "text"])


def instance() -> Table:
    """The table of a response that has one instance."""
    return Table(
        good=[
            wrap("SolutionInstance", INSTANCE),
            wrap("SolutionInstance", BARE_INSTANCE),
            wrap("SolutionInstance", INSTANCE.replace('"a@example.com"', JSON)),
            wrap("SolutionInstance", INSTANCE.replace('"a@example.com"', LONG_VALUE)),
        ],
        bad=[
            *(wrap("SolutionInstance", content) for content in BAD_INSTANCES),
            wrap("SolutionInstance", INSTANCE) * 2,
            INSTANCE,
        ],
    )


WRONG_EDITIONS = ("", EDITION.upper(), EDITION + "0", EDITION[1:], f'"{EDITION}"')


def impact() -> Table:
    """The table of a response that says what a release means."""
    return Table(
        good=[
            FULL_IMPACT,
            IMPACT.replace("upgrade", "automatic"),
            IMPACT + each(SlotChangeList=""),
            IMPACT + each(SlotChangeList=wrap("SlotChange", CHANGE) * 2),
            *(
                one("SlotChangeList/SlotChange", CHANGE.replace(">config<", f">{kind}<"))
                for kind in ("auth", "workflow", "screens")
            ),
            one("SlotChangeList/SlotChange", CHANGE.replace(each(externalId="external_mail"), "")),
            one("SlotChangeList/SlotChange", CHANGE.replace("CreatedMandatorySlot", "SomethingNew")),
        ],
        bad=[
            each(releaseNumber="0"),
            *(each(solutionEdition=wrong) for wrong in WRONG_EDITIONS),
            each(notice="breaking"),
            each(notice=""),
            each(breakingChanges="yes"),
            each(instancesAutomatic="-1"),
            each(instancesUpgrade=""),
            each(SlotChangeList=CHANGE),
            one("SlotChangeList/SlotChange", ""),
            one("SlotChangeList/SlotChange", CHANGE.replace(">config<", ">slot<")),
            one("SlotChangeList/SlotChange", CHANGE.replace("CreatedMandatorySlot", "created mandatory slot")),
            one("SlotChangeList/SlotChange", CHANGE.replace("<hidden>false</hidden>", "")),
            FULL_IMPACT + each(releaseNotes="n"),
        ],
    )


def updates(*rows: str) -> str:
    """An UpdateList."""
    return each(UpdateList="".join(wrap("Update", row) for row in rows))


# Contents after an errorNumber of 0
SOLUTION_RESPONSES = {
    "SetSolution": Table(
        good=[*only("solutionId").good, each(solutionId=ID, solutionEdition=EDITION)],
        bad=[
            *only("solutionId").bad,
            *(each(solutionId=ID, solutionEdition=wrong) for wrong in WRONG_EDITIONS),
            each(solutionEdition=EDITION, solutionId=ID),
        ],
    ),
    "GetSolution": Table(
        good=[
            each(solutionId=ID, title="", TagList="", CustomFieldList="", AuthSlotList="", ConfigSlotList=""),
            each(WorkflowList="", latestReleaseNumber="0", held="true", ReleaseList=""),
            each(title=LONGEST_NAME, description="d" * 10_000, latestReleaseNumber="2147483647"),
            one("AuthSlotList", wrap("AuthSlot", FULL_AUTH_SLOT.replace(each(authenticationId=ID), "")) * 2),
            one("ConfigSlotList/ConfigSlot", FULL_CONFIG_SLOT.partition("<Ddl>")[0]),
            one("ConfigSlotList/ConfigSlot", FULL_CONFIG_SLOT.replace(each(input=JSON), "")),
            one("WorkflowList/Workflow", FULL_WORKFLOW.partition("<schedule>")[0]),
            one("ScreenList", wrap("Screen", each(title="t", SlotList="")) * 2),
            one("ReleaseList", wrap("Release", each(releaseNumber="2", publishedAt=CREATED)) * 2),
        ],
        bad=[
            each(solutionId="not an id"),
            *(each(solutionEdition=wrong) for wrong in WRONG_EDITIONS),
            each(held=""),
            each(latestReleaseNumber=""),
            each(latestReleaseNumber="-1"),
            each(title="t", solutionId=ID),
            one("CustomFieldList/CustomField", ""),
            one("AuthSlotList/AuthSlot", ""),
            one("AuthSlotList/AuthSlot", FULL_AUTH_SLOT.replace("<mandatory>true</mandatory>", "")),
            one("AuthSlotList/AuthSlot", FULL_AUTH_SLOT.replace("<hidden>false<", "<hidden><")),
            one("ConfigSlotList/ConfigSlot", FULL_CONFIG_SLOT.replace(">ddl<", "><")),
            one("ConfigSlotList/ConfigSlot", FULL_CONFIG_SLOT.replace("<connector>slack</connector>", "")),
            one("WorkflowList/Workflow", FULL_WORKFLOW.replace(">scheduled<", "><")),
            one("ScreenList/Screen", FULL_SCREEN.partition("<SlotList>")[0]),
            one("ScreenList/Screen", FULL_SCREEN.replace(each(title="Slack"), "")),
            one("ReleaseList/Release", RELEASE.replace(CREATED, "yesterday")),
            one("ReleaseList/Release", RELEASE.replace(">1<", ">0<")),
        ],
    ),
    "PreviewSolutionRelease": impact(),
    "PublishSolutionRelease": impact(),
    "CreateExternalUser": only("userId"),
    "GenerateAuthorizationCode": Table(
        good=[each(authorizationCode="-_a4" + "B" * 39)],
        bad=[
            each(authorizationCode=""),
            each(authorizationCode="short"),
            each(wizardPath="/x", authorizationCode="A" * 43),
        ],
    ),
    "RemoveExternalUser": nothing(),
    "SetAuthentication": only("authenticationId"),
    "RemoveAuthentication": nothing(),
    "CreateSolutionInstance": instance(),
    "UpdateSolutionInstance": instance(),
    "UpgradeSolutionInstance": instance(),
    "RemoveSolutionInstance": nothing(),
    "GetSolutionInstances": Table(
        good=[
            each(totalCount="0", SolutionInstanceList=""),
            each(SolutionInstanceList=wrap("SolutionInstance", INSTANCE) + wrap("SolutionInstance", BARE_INSTANCE)),
            each(totalCount="9007199254740991"),
        ],
        bad=[
            each(totalCount=""),
            each(totalCount="-1"),
            each(SolutionInstanceList=INSTANCE),
            wrap("SolutionInstance", INSTANCE),
            *(one("SolutionInstanceList/SolutionInstance", content) for content in BAD_INSTANCES),
        ],
    ),
    "UpdateSolutionInstances": Table(
        good=[
            each(solutionId=ID, title="", releaseNumber="1", UpdateList=""),
            updates(UPDATE, UPDATE_HEAD + each(updateType="update")),
            *(updates(UPDATE_HEAD + each(updateType=word, errorMessage="m")) for word in ("warning", "error")),
            updates(UPDATE_HEAD + each(updateType="upgrade", PendingSlotList="")),
            updates(UPDATE.replace(">4<", ">2<")),
        ],
        bad=[
            each(releaseNumber="0"),
            each(solutionId=""),
            updates(""),
            updates(UPDATE_HEAD),
            each(UpdateList=UPDATE),
            *(updates(UPDATE.replace(">upgrade<", f">{word}<")) for word in ("", "version", "change", "Upgrade")),
            updates(UPDATE.replace(">3<", ">0<")),
            updates(UPDATE.replace(ID, LONGEST_ID, 1)),
            updates(UPDATE.replace("<owner>", "<owner>0", 1)),
            updates(UPDATE + each(ConfigValueList="")),
        ],
    ),
}
