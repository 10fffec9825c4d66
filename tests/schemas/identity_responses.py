"""Responses about users and granted permissions: contents that their schemas accept or refuse."""

from tests.schemas.reading import ERROR, Table

USER = (
    "<userIdentifier>101</userIdentifier><userLogonReference>ann</userLogonReference><userName>Ann</userName>"
    "<userEmailAddress>ann@example.com</userEmailAddress><userEnabledIndicator>true</userEnabledIndicator>"
    "<lastSignOnTimestamp>2026-01-02T03:04:05.678Z</lastSignOnTimestamp>"
    "<lockedUntilTimestamp>2026-01-02T03:04:05.678Z</lockedUntilTimestamp>"
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
RECORD = (
    "<tokenIdentifier>7</tokenIdentifier><tokenKind>master</tokenKind><tokenName>Shop</tokenName>"
    "<userId>00000000-0000-4000-8000-000000000000</userId><createdAt>2026-01-02T03:04:05.678Z</createdAt>"
    "<expires>2026-01-02T03:04:05.678Z</expires><lastUsedAt>2026-01-02T03:04:05.678Z</lastUsedAt>"
)
RECORD_IN_SHORT = (
    "<tokenIdentifier>8</tokenIdentifier><tokenKind>code</tokenKind><createdAt>2026-01-02T03:04:05.678Z</createdAt>"
)
AUDIT_IN_SHORT = (
    "<auditIdentifier>7</auditIdentifier><auditTimestamp>2026-01-02T03:04:05.678Z</auditTimestamp>"
    "<auditAction>sign-in</auditAction><actorKind>public</actorKind>"
)
AUDIT = (
    f"{AUDIT_IN_SHORT}<actorReference>ann</actorReference><networkAddress>::1</networkAddress>"
    "<objectKind>node</objectKind><objectReference>acme</objectReference>"
    "<DetailList><Detail><key>on</key><value> acme </value></Detail></DetailList>"
)
OWNERSHIP = (
    "<Source><sourceKind>ownership</sourceKind><userGroupReference>ann</userGroupReference>"
    "<objectReference>acme</objectReference></Source>"
)
SOURCE = (
    "<Source><sourceKind>permission</sourceKind><permissionIdentifier>7</permissionIdentifier>"
    "<permissionTypeReference>node-read</permissionTypeReference><userGroupReference>ann</userGroupReference>"
    "<objectReference>acme</objectReference></Source>"
)
EFFECTIVE = (
    "<EffectivePermission><permissionTypeReference>node-read</permissionTypeReference>"
    f"<SourceList>{OWNERSHIP}{SOURCE}</SourceList></EffectivePermission>"
)
ABOUT_RIGHTS = (
    "<userLogonReference>ann</userLogonReference><userEnabledIndicator>true</userEnabledIndicator>"
    "<nodeIdentifier>7</nodeIdentifier><nodeReference>acme</nodeReference>"
)
TYPES = "<PermissionType><permissionTypeReference>node-read</permissionTypeReference></PermissionType>"

# Everything that a response can hold, in the required order
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
    "ListTokens": (
        f"{ERROR}<TokenList><Token>{RECORD}</Token></TokenList><tokenIdentifierAfter>7</tokenIdentifierAfter>"
    ),
    "CreateToken": f"{ERROR}<tokenIdentifier>7</tokenIdentifier><masterToken>{'A' * 43}</masterToken>",
    "RemoveToken": ERROR,
    "GetAuditList": (
        f"{ERROR}<AuditList><Audit>{AUDIT}</Audit></AuditList><auditIdentifierBefore>7</auditIdentifierBefore>"
    ),
    "GetEffectivePermissions": (f"{ERROR}{ABOUT_RIGHTS}<EffectivePermissionList>{EFFECTIVE}</EffectivePermissionList>"),
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
    "ListTokens": Table(
        good=["<TokenList/>", f"<TokenList><Token>{RECORD}</Token><Token>{RECORD_IN_SHORT}</Token></TokenList>"],
        bad=[
            f"<TokenList>{RECORD}</TokenList>",
            f"<TokenList><Token>{RECORD_IN_SHORT.replace('code', 'session')}</Token></TokenList>",
            f"<TokenList><Token>{RECORD_IN_SHORT}<masterToken/></Token></TokenList>",
            "<tokenIdentifierAfter>0</tokenIdentifierAfter>",
        ],
    ),
    "CreateToken": Table(
        good=[f"<masterToken>{'-_a4' + 'B' * 39}</masterToken>"],
        bad=[
            "<masterToken>short</masterToken>",
            "<masterToken/>",
            f"<authorizationCode>{'A' * 43}</authorizationCode>",
        ],
    ),
    "RemoveToken": Table(good=[""], bad=["<tokenIdentifier>7</tokenIdentifier>"]),
    "GetAuditList": Table(
        good=["<AuditList/>", f"<AuditList><Audit>{AUDIT}</Audit><Audit>{AUDIT_IN_SHORT}</Audit></AuditList>"],
        bad=[
            f"<AuditList>{AUDIT}</AuditList>",
            f"<AuditList><Audit>{AUDIT_IN_SHORT.replace('public', 'robot')}</Audit></AuditList>",
            f"<AuditList><Audit>{AUDIT_IN_SHORT}<password/></Audit></AuditList>",
            "<AuditList><Audit/></AuditList>",
        ],
    ),
    "GetEffectivePermissions": Table(
        good=[
            f"{ABOUT_RIGHTS}<EffectivePermissionList/>",
            f"<EffectivePermissionList>{EFFECTIVE}{EFFECTIVE}</EffectivePermissionList>",
        ],
        bad=[
            "<EffectivePermissionList><EffectivePermission/></EffectivePermissionList>",
            f"<EffectivePermissionList>{EFFECTIVE.replace('ownership', 'birth')}</EffectivePermissionList>",
            f"<EffectivePermissionList>{SOURCE}</EffectivePermissionList>",
            f"<EffectivePermissionList/>{ABOUT_RIGHTS}",
        ],
    ),
}
