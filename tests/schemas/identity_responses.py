"""Responses about users and granted permissions: contents that their schemas accept or refuse."""

from tests.schemas.reading import ERROR, Table

USER = (
    "<userIdentifier>101</userIdentifier><userLogonReference>ann</userLogonReference><userName>Ann</userName>"
    "<userEmailAddress>ann@example.com</userEmailAddress><userEnabledIndicator>true</userEnabledIndicator>"
    "<lastSignOnTimestamp>2026-01-02T03:04:05.678Z</lastSignOnTimestamp>"
)
USER_IN_SHORT = (
    "<userIdentifier>101</userIdentifier><userLogonReference>ann</userLogonReference><userName/>"
    "<userEnabledIndicator>false</userEnabledIndicator>"
)
PERMISSION = (
    "<permissionIdentifier>103</permissionIdentifier><permissionTypeReference>node-read</permissionTypeReference>"
    "<objectReference>acme</objectReference><objectName>Acme</objectName>"
    "<userGroupReference>ann</userGroupReference><userGroupName>Ann</userGroupName>"
)
GLOBAL_PERMISSION = (
    "<permissionIdentifier>1</permissionIdentifier><permissionTypeReference>administer-all</permissionTypeReference>"
    "<userGroupReference>ann</userGroupReference><userGroupName/>"
)
OBJECT = (
    "<singleObject>true</singleObject><objectType>node</objectType><objectReference>acme</objectReference>"
    "<objectName>Acme</objectName>"
)
TYPES = "<PermissionType><permissionTypeReference>node-read</permissionTypeReference></PermissionType>"

# Everything that a response can hold, in the one right order
FULL_IDENTITY_RESPONSES = {
    "UpdateUserStatus": ERROR,
    "UpdatePassword": ERROR,
    "DeletePermission": ERROR,
    "ListUsers": (
        f"{ERROR}<UserList><User>{USER}</User></UserList><userLogonReferenceAfter>ann</userLogonReferenceAfter>"
    ),
    "GetPermissionList": (
        f"{ERROR}{OBJECT}<PermissionList><Permission>{PERMISSION}</Permission></PermissionList>"
        "<permissionIdentifierAfter>103</permissionIdentifierAfter>"
        f"<PermissionTypeList>{TYPES}</PermissionTypeList>"
    ),
}

# Contents after an errorNumber of 0
IDENTITY_RESPONSES = {
    "UpdateUserStatus": Table(good=[""], bad=["<userIdentifier>101</userIdentifier>"]),
    "UpdatePassword": Table(good=[""], bad=["<newPassword/>"]),
    "DeletePermission": Table(good=[""], bad=["<permissionIdentifier>101</permissionIdentifier>"]),
    "ListUsers": Table(
        good=[
            "<UserList/>",
            f"<UserList><User>{USER}</User><User>{USER_IN_SHORT}</User></UserList>",
        ],
        bad=[
            "<UserList><User/></UserList>",
            f"<UserList><User>{USER.replace('>true<', '>yes<')}</User></UserList>",
            f"<UserList>{USER}</UserList>",
            f"<UserList><User>{USER}<password/></User></UserList>",
        ],
    ),
    "GetPermissionList": Table(
        good=[
            f"<singleObject>false</singleObject><PermissionList><Permission>{GLOBAL_PERMISSION}</Permission>"
            "</PermissionList>",
            f"{OBJECT}<PermissionList/><PermissionTypeList/>",
        ],
        bad=[
            "<objectType>asset</objectType>",
            "<PermissionList><Permission/></PermissionList>",
            f"<PermissionList>{PERMISSION}</PermissionList>",
            "<PermissionTypeList><PermissionType/></PermissionTypeList>",
            "<permissionIdentifierAfter>0</permissionIdentifierAfter>",
        ],
    ),
}
