"""Requests about users and permissions that were given: contents that their schemas take or refuse."""

from tests.schemas.reading import LONGEST_REFERENCE, Table, wrap

IDENTITY_REQUESTS = {
    "UpdateUserStatus": Table(
        good=[
            "<userLogonReferenceUpdate>ann</userLogonReferenceUpdate><action>disable</action>",
            "<action> enable </action><userIdentifierUpdate>101</userIdentifierUpdate>",
            "<action>unlock</action><userIdentifierUpdate>0</userIdentifierUpdate>",
            wrap("userLogonReferenceUpdate", "u" * 200),
            "<action/><userIdentifierUpdate/><userLogonReferenceUpdate/>",
            "<userLogonReferenceUpdate>not a user</userLogonReferenceUpdate>",
        ],
        bad=[
            "<action>delete</action>",
            "<action>DISABLE</action>",
            "<action>enable</action><action>enable</action>",
            "<action>disable|enable</action>",
            "<userIdentifierUpdate>ann</userIdentifierUpdate>",
            wrap("userLogonReferenceUpdate", "u" * 201),
        ],
    ),
    "UpdatePassword": Table(
        good=[
            "<userLogonReferenceUpdate>ann</userLogonReferenceUpdate><newPassword>s3cret</newPassword>",
            "<newPassword>  spaces count  </newPassword><oldPassword> </oldPassword>",
            wrap("newPassword", "p" * 1024) + wrap("oldPassword", "p" * 1024),
            "<newPassword/><oldPassword/><userLogonReferenceUpdate/>",
            "<userLogonReferenceUpdate> ann </userLogonReferenceUpdate>",
            wrap("userLogonReferenceUpdate", "u" * 200),
        ],
        bad=[
            "<passwordNew>s3cret</passwordNew>",
            "<newPassword><b>bold</b></newPassword>",
            wrap("newPassword", "p" * 1025),
            wrap("oldPassword", "p" * 1025),
            wrap("userLogonReferenceUpdate", "u" * 201),
            "<newPassword>a</newPassword><newPassword>a</newPassword>",
        ],
    ),
    "ListUsers": Table(
        good=[
            "<userLogonReferenceAfter>ann</userLogonReferenceAfter><pageSize>1000</pageSize>",
            "<pageSize> 1 </pageSize>",
            "<pageSize/><userLogonReferenceAfter/>",
            "<pageSize>+007</pageSize>",
            "<userLogonReferenceAfter>not a user</userLogonReferenceAfter>",
            wrap("userLogonReferenceAfter", "u" * 200),
        ],
        bad=[
            "<pageSize>ten</pageSize>",
            "<pageSize>1.0</pageSize>",
            "<pageSize>0</pageSize>",
            "<pageSize>1001</pageSize>",
            "<page>1</page>",
            wrap("userLogonReferenceAfter", "u" * 201),
        ],
    ),
    "GetPermissionList": Table(
        good=[
            "<objectReference>acme</objectReference><returnTypes>true</returnTypes>",
            "<permissionOnNodeIdentifier>7</permissionOnNodeIdentifier><userGroupReference>ann</userGroupReference>",
            "<permissionIdentifierAfter>101</permissionIdentifierAfter><pageSize>10</pageSize>",
            wrap("objectReference", LONGEST_REFERENCE) + wrap("userGroupReference", LONGEST_REFERENCE),
            "<returnTypes/><permissionOnNodeIdentifier/><permissionIdentifierAfter/><pageSize/>",
            "<objectReference>not..a reference</objectReference>",
        ],
        bad=[
            "<returnTypes>yes</returnTypes>",
            "<permissionOnNodeIdentifier>acme</permissionOnNodeIdentifier>",
            "<permissionIdentifierAfter>-1</permissionIdentifierAfter>",
            "<pageSize>1001</pageSize>",
            wrap("objectReference", LONGEST_REFERENCE + "r"),
            wrap("userGroupReference", LONGEST_REFERENCE + "r"),
        ],
    ),
    "DeletePermission": Table(
        good=[
            "<permissionIdentifier>101</permissionIdentifier>",
            "<permissionIdentifier> 0 </permissionIdentifier>",
            "<permissionIdentifier/>",
            "<permissionIdentifier>+007</permissionIdentifier>",
            "<permissionIdentifier>9007199254740991</permissionIdentifier>",
            "<permissionIdentifier>1<!-- cut -->01</permissionIdentifier>",
        ],
        bad=[
            "<permissionIdentifier>node-read</permissionIdentifier>",
            "<permissionIdentifier>-1</permissionIdentifier>",
            "<permissionIdentifier>1.0</permissionIdentifier>",
            "<permissionIdentifier>9007199254740992</permissionIdentifier>",
            "<permissionIdentifier>1</permissionIdentifier><permissionIdentifier>2</permissionIdentifier>",
            "<objectReference>acme</objectReference>",
        ],
    ),
}
