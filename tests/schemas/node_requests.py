"""Requests of the services for nodes, users and permissions: contents that their schemas accept or refuse."""

from tests.schemas.reading import LONGEST_REFERENCE, Table, wrap


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

FULL_EDIT = """
  <userLogonReference>userid</userLogonReference><password>password</password>
  <action>update</action>
  <nodeVersionIdentifierType/><nodeVersionReferenceType>acme.T.1</nodeVersionReferenceType>
  <nodeVersionIdentifier>0</nodeVersionIdentifier><nodeVersionReference>acme.A</nodeVersionReference>
  <nodeEdition>7</nodeEdition><nodeName>A</nodeName>
  <NodeReferenceSection>
    <nodeReference/><nodeReferencePackage>acme</nodeReferencePackage><nodeLocalReference>$auto</nodeLocalReference>
  </NodeReferenceSection>
  <NodeVersionCommentSection><nodeVersionComment>said</nodeVersionComment></NodeVersionCommentSection>
  <MemberTypeList>
    <MemberType>
      <nodeVersionIdentifierMemberType/>
      <nodeVersionReferenceMemberType>acme.part.1</nodeVersionReferenceMemberType>
      <MemberList>
        <Member>
          <nodeMemberSequence>1</nodeMemberSequence><nodeMemberSequenceNew>2</nodeMemberSequenceNew>
          <nodeMemberValue> v </nodeMemberValue><nodeMemberScale/>
          <nodeVersionIdentifierTarget/><nodeVersionReferenceTarget>acme.B.1</nodeVersionReferenceTarget>
          <nodeVersionIdentifierTargetNew/><nodeVersionReferenceTargetNew>acme.B.2</nodeVersionReferenceTargetNew>
          <deleteMemberIndicator>false</deleteMemberIndicator><retainMemberIndicator/>
          <nodeMemberComment>c</nodeMemberComment>
        </Member>
      </MemberList>
    </MemberType>
  </MemberTypeList>
"""


def edited(content: str) -> str:
    """A SetNode request content with one member."""
    return (
        f"<MemberTypeList><MemberType><MemberList><Member>{content}</Member></MemberList></MemberType></MemberTypeList>"
    )


NODE_REQUESTS = {
    "UpdateNodeVersions": Table(
        good=[
            # The documented input, with a choice made in each element
            "<userLogonReference>userid</userLogonReference>\n<password>password</password> <nodeIdentifier/>"
            " <nodeReference/> <action>impact</action> <updateContentIndicator>false</updateContentIndicator>"
            " <alwaysCreateNewVersionIndicator>false</alwaysCreateNewVersionIndicator>"
            " <sourceScope>node</sourceScope> <sourceReference/>",
            "<action>force</action><updateContentIndicator>true</updateContentIndicator>",
            "<action>update</action><sourceScope>current</sourceScope>",
            "<why>true</why>",
            "<why/>",
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
    "SetNode": Table(
        good=[
            FULL_EDIT,
            "<action>new</action><nodeVersionReferenceType>acme.T</nodeVersionReferenceType>",
            *(f"<action>{action}</action>" for action in ("edit", "create", "update", "impact", "force")),
            "<NodeReferenceSection/><NodeVersionCommentSection/><MemberTypeList/>",
            "<MemberTypeList><MemberType/><MemberType><MemberList><Member/></MemberList></MemberType></MemberTypeList>",
            edited("<nodeMemberScale>-1.5e3</nodeMemberScale><nodeMemberSequence>0</nodeMemberSequence>"),
            edited(wrap("nodeMemberValue", "v" * 100_000)),
        ],
        bad=[
            "<action>delete</action>",
            "<tabNumber>1</tabNumber>",
            "<ParentNodeSection/>",
            "<nodeReference>acme.A</nodeReference>",
            "<MemberType/>",
            wrap("nodeName", "n" * 1001),
            "<NodeReferenceSection><nodeName/></NodeReferenceSection>",
            edited("<nodeMemberScale>NaN</nodeMemberScale>"),
            edited("<deleteMemberIndicator>yes</deleteMemberIndicator>"),
            edited("<nodeMemberSequence>-1</nodeMemberSequence>"),
            edited(wrap("nodeMemberComment", "c" * 4001)),
        ],
    ),
    "ChangeNodeType": Table(
        good=[
            "<nodeVersionReference>acme.A</nodeVersionReference><action>impact</action>"
            "<nodeVersionReferenceNewType>acme.T.2</nodeVersionReferenceNewType><nodeEdition>7</nodeEdition>",
            "<nodeVersionIdentifierNewType>17</nodeVersionIdentifierNewType><action>force</action>",
            "<nodeVersionIdentifier>17</nodeVersionIdentifier><nodeEdition/>",
            "<nodeEdition>0</nodeEdition><nodeVersionIdentifierNewType>0</nodeVersionIdentifierNewType>",
            wrap("nodeVersionReference", LONGEST_REFERENCE) + wrap("nodeVersionReferenceNewType", LONGEST_REFERENCE),
            "<nodeVersionReferenceNewType>acme.T.$current</nodeVersionReferenceNewType>",
        ],
        bad=[
            "<action>update</action>",
            "<nodeEdition>-1</nodeEdition>",
            "<nodeEdition>1.0</nodeEdition>",
            "<nodeVersionIdentifierNewType>acme.T</nodeVersionIdentifierNewType>",
            "<nodeReferenceNewType>acme.T</nodeReferenceNewType>",
            wrap("nodeVersionReferenceNewType", LONGEST_REFERENCE + "r"),
            "<nodeEdition>1</nodeEdition><nodeEdition>1</nodeEdition>",
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
