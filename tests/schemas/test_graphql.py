"""The published GraphQL schema has all that is documented, and the documented requests work on it."""

from functools import cache

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    execute_sync,
    is_introspection_type,
    is_specified_scalar_type,
    parse,
    validate,
    validate_schema,
)

from tests.support.schema_files import SCHEMAS

PRINTED_MUTATION = """
mutation {
  upgradeSolutionInstance (input: {
    solutionInstanceId:"5f85b697-xxx-xxx-xxx-5d7dabe22634",
    configValues: [{ externalId: "external_support-email" , value: "\\"support@example.com\\"" }]
  })
  {
    solutionInstance {
      id
    }
  }
}
"""
PRINTED_QUERY = """
query {
  viewer {
    solutionInstances (criteria: {
      owner: "ccfbbxxx-xxx-xxx-xxx-xxx0aee5c"
    }) {
      edges {
        node {
          id
          name
          enabled
          created
          solutionVersionFlags {
            hasNewerVersion
            requiresUserInputToUpdateVersion
            requiresSystemInputToUpdateVersion
          }
          solution {
            id
          }
        }
      }
    }
  }
}
"""
PRINTED_RESPONSE = {
    "viewer": {
        "solutionInstances": {
            "edges": [
                {
                    "node": {
                        "id": "68b645xxx-xxx-xxx-xx0319bf354f",
                        "name": "Slack channel > Trello > Dropbox Project",
                        "enabled": False,
                        "created": "2019-09-26T10:03:28.902Z",
                        "solutionVersionFlags": {
                            "hasNewerVersion": True,
                            "requiresUserInputToUpdateVersion": False,
                            "requiresSystemInputToUpdateVersion": False,
                        },
                        "solution": {"id": "83674exxx-xxx-xx-xxx-xxb61c2d3a407"},
                    }
                }
            ]
        }
    }
}

# The documented types and fields; where the documents are unsure, what was decided
DOCUMENTED = """
scalar Json
scalar DateTime
interface Node { id: ID! }
interface User { id: ID! }
type Query {
  viewer: Viewer!
  users(criteria: UserSearchCriteria, PAGED): UserConnection!
}
type Viewer {
  solutions(criteria: SolutionSearchCriteria, PAGED): SolutionConnection!
  solutionInstances(criteria: SolutionInstanceSearchCriteria, PAGED): SolutionInstanceConnection!
  authentications(PAGED): AuthenticationConnection!
  details: UserDetails!
}
type UserDetails { username: String! email: String! name: String! }
type Solution implements Node {
  id: ID! title: String! description: String tags: [String!]! customFields: [CustomField!]!
  configSlots: [ConfigSlot!]! authSlots: [AuthSlot!]!
}
type CustomField { key: String! value: String! }
type ConfigSlot { externalId: String! title: String! defaultValue: Json! }
type AuthSlot { externalId: String! title: String! }
type SolutionInstance implements Node {
  id: ID! solution: Solution! name: String! enabled: Boolean!
  authValues: [AuthSlotValue!]! configValues: [ConfigSlotValue!]! workflows: WorkflowInstanceConnection!
  solutionVersionFlags: SolutionInstanceSolutionVersionFlags! created: DateTime! owner: String!
}
type SolutionInstanceSolutionVersionFlags {
  hasNewerVersion: Boolean! requiresUserInputToUpdateVersion: Boolean! requiresSystemInputToUpdateVersion: Boolean!
}
type AuthSlotValue { externalId: String! authId: String! }
type ConfigSlotValue { externalId: String! value: Json }
type WorkflowInstance implements Node {
  id: ID! sourceWorkflowId: String! sourceWorkflowName: String! triggerUrl: String
}
type Authentication implements Node {
  id: ID! name: String! customFields: Json service: Service! serviceEnvironment: ServiceEnvironment!
}
type Service implements Node { id: ID! name: String! version: String! title: String! icon: String! }
type ServiceEnvironment implements Node {
  id: ID! name: String! @deprecated(reason: "use id and title") title: String!
}
type ExternalUser implements User & Node { id: ID! name: String! externalUserId: String isTestUser: Boolean }
type PageInfo { endCursor: String hasNextPage: Boolean! startCursor: String hasPreviousPage: Boolean! }
type SolutionConnection { edges: [SolutionConnectionEdge!]! pageInfo: PageInfo! }
type SolutionConnectionEdge { node: Solution! cursor: String! }
type SolutionInstanceConnection { edges: [SolutionInstanceConnectionEdge!]! pageInfo: PageInfo! totalCount: Int! }
type SolutionInstanceConnectionEdge { node: SolutionInstance! cursor: String! }
type UserConnection { edges: [UserConnectionEdge!]! pageInfo: PageInfo! }
type UserConnectionEdge { node: ExternalUser! cursor: String! }
type AuthenticationConnection { edges: [AuthenticationEdge!]! pageInfo: PageInfo! }
type AuthenticationEdge { node: Authentication! }
type WorkflowInstanceConnection { edges: [WorkflowInstanceConnectionEdge!]! }
type WorkflowInstanceConnectionEdge { node: WorkflowInstance! }
input SolutionSearchCriteria { tags: [String!] }
input SolutionInstanceSearchCriteria { id: String ids: [String!] name: String owner: String solutionId: String }
input UserSearchCriteria { externalUserId: String name: String userId: String isTestUser: Boolean }
type Mutation {
  createSolutionInstance(input: CreateSolutionInstanceInput!): CreateSolutionInstancePayload!
  updateSolutionInstance(input: UpdateSolutionInstanceInput!): UpdateSolutionInstancePayload!
  upgradeSolutionInstance(input: UpgradeSolutionInstanceInput!): UpgradeSolutionInstancePayload!
  removeSolutionInstance(input: RemoveSolutionInstanceInput!): RemoveSolutionInstancePayload!
  createExternalUser(input: CreateExternalUserInput!): CreateExternalUserPayload!
  updateExternalUser(input: UpdateExternalUserInput!): UpdateExternalUserPayload!
  removeExternalUser(input: RemoveExternalUserInput!): RemoveExternalUserPayload!
  authorize(input: AuthorizeInput!): AuthorizePayload!
  generateAuthorizationCode(input: GenerateAuthorizationCodeInput!): GenerateAuthorizationCodePayload!
  createUserAuthentication(input: CreateUserAuthenticationInput!): CreateUserAuthenticationPayload!
  removeAuthentication(input: RemoveUserAuthenticationInput!): RemoveUserAuthenticationPayload!
  callConnector(input: ConnectorCallInput!): ConnectorCallPayload!
}
input AuthValue { externalId: String! authId: String! }
input ConfigValue { externalId: String! value: Json }
input CreateSolutionInstanceInput {
  solutionId: ID! instanceName: String! authValues: [AuthValue!] configValues: [ConfigValue!] clientMutationId: String
}
input UpdateSolutionInstanceInput {
  solutionInstanceId: ID! instanceName: String enabled: Boolean authValues: [AuthValue!] configValues: [ConfigValue!]
  errorOnEnablingWithMissingValues: Boolean clientMutationId: String
}
input UpgradeSolutionInstanceInput {
  solutionInstanceId: ID! authValues: [AuthValue!] configValues: [ConfigValue!] clientMutationId: String
}
input RemoveSolutionInstanceInput { solutionInstanceId: ID! clientMutationId: String }
input CreateExternalUserInput { name: String! externalUserId: String! isTestUser: Boolean clientMutationId: String }
input UpdateExternalUserInput {
  userId: ID! isTestUser: Boolean externalUserId: String name: String clientMutationId: String
}
input RemoveExternalUserInput { userId: ID! clientMutationId: String }
input AuthorizeInput { userId: ID! clientMutationId: String }
input GenerateAuthorizationCodeInput { userId: ID! clientMutationId: String }
input CreateUserAuthenticationInput {
  name: String! serviceId: String! serviceEnvironmentId: String! data: Json! formData: Json scopes: [String!]
  hidden: Boolean clientMutationId: String
}
input RemoveUserAuthenticationInput { authenticationId: ID! clientMutationId: String }
input ConnectorCallInput {
  connector: String! version: String! operation: String! authId: String input: Json! clientMutationId: String
}
type CreateSolutionInstancePayload { solutionInstance: SolutionInstance! clientMutationId: String }
type UpdateSolutionInstancePayload { solutionInstance: SolutionInstance! clientMutationId: String }
type UpgradeSolutionInstancePayload { solutionInstance: SolutionInstance! clientMutationId: String }
type RemoveSolutionInstancePayload { clientMutationId: String }
type CreateExternalUserPayload { userId: ID! clientMutationId: String }
type UpdateExternalUserPayload { clientMutationId: String }
type RemoveExternalUserPayload { clientMutationId: String }
type AuthorizePayload { accessToken: String! clientMutationId: String }
type GenerateAuthorizationCodePayload { authorizationCode: String! clientMutationId: String }
type CreateUserAuthenticationPayload { authenticationId: String! clientMutationId: String }
type RemoveUserAuthenticationPayload { clientMutationId: String }
type ConnectorCallPayload { output: Json! clientMutationId: String }
""".replace("PAGED", "first: Int, last: Int, before: String, after: String")

Fielded = GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType


@cache
def documented() -> GraphQLSchema:
    return build_schema(DOCUMENTED)


@cache
def published() -> GraphQLSchema:
    return build_schema((SCHEMAS / "solutions.graphql").read_text(encoding="utf-8"))


def own_types(schema: GraphQLSchema) -> list[str]:
    """The types that the schema itself defines, in its order."""
    return [
        name
        for name, kind in schema.type_map.items()
        if not is_introspection_type(kind) and not is_specified_scalar_type(kind)
    ]


def fields(schema: GraphQLSchema, name: str) -> dict[str, GraphQLField | GraphQLInputField]:
    """The fields of a type; a scalar has none."""
    kind = schema.type_map[name]
    return dict(kind.fields) if isinstance(kind, Fielded) else {}


def arguments(field: GraphQLField | GraphQLInputField) -> dict[str, GraphQLArgument]:
    return field.args if isinstance(field, GraphQLField) else {}


def outline(schema: GraphQLSchema, name: str) -> dict[str, object]:
    """A description of a type that can be compared."""
    kind = schema.type_map[name]
    interfaces = [interface.name for interface in kind.interfaces] if isinstance(kind, GraphQLObjectType) else []
    return {
        "kind": type(kind).__name__,
        "interfaces": interfaces,
        "fields": [
            (
                field_name,
                [(argument_name, str(argument.type)) for argument_name, argument in arguments(field).items()],
                str(field.type),
                field.deprecation_reason,
            )
            for field_name, field in fields(schema, name).items()
        ],
    }


def faults(document: str) -> list[str]:
    return [error.message for error in validate(published(), parse(document))]


def test_the_schema_is_valid() -> None:
    assert validate_schema(published()) == []
    assert published().subscription_type is None


@pytest.mark.ledger("DEC-134")
def test_it_has_the_documented_types_and_no_others() -> None:
    assert sorted(own_types(published())) == sorted(own_types(documented()))


@pytest.mark.ledger("UVU-39")
@pytest.mark.parametrize("name", own_types(documented()))
def test_a_type_is_as_documented(name: str) -> None:
    assert outline(published(), name) == outline(documented(), name)


@pytest.mark.parametrize("name", own_types(documented()))
def test_everything_is_explained(name: str) -> None:
    kind = published().type_map[name]
    for thing in (kind, *fields(published(), name).values()):
        assert (thing.description or "").strip().endswith("."), thing


def test_nothing_has_a_default() -> None:
    """With a default, it would not be known whether a value was given."""
    for name in own_types(published()):
        for field in fields(published(), name).values():
            parts = [field] if isinstance(field, GraphQLInputField) else arguments(field).values()
            assert all(part.ast_node is not None and part.ast_node.default_value is None for part in parts), name


@pytest.mark.ledger("UVU-29", "UVU-40")
@pytest.mark.parametrize("document", [PRINTED_MUTATION, PRINTED_QUERY])
def test_documents_printed_in_the_specification_are_valid(document: str) -> None:
    assert faults(document) == []


@pytest.mark.ledger("UVU-40")
def test_the_printed_response_belongs_to_the_printed_query() -> None:
    result = execute_sync(published(), parse(PRINTED_QUERY), PRINTED_RESPONSE)
    assert result.errors is None
    assert result.data == PRINTED_RESPONSE


@pytest.mark.parametrize(
    "document",
    [
        """{ viewer { solutions(criteria: {tags: ["a"]}, first: 2, after: "c") {
          edges { cursor node { title authSlots { title } configSlots { externalId defaultValue } } }
        } } }""",
        "{ viewer { authentications { edges { node { service { name version } serviceEnvironment { title } } } } } }",
        '{ viewer { authentications(last: 1, before: "c") { pageInfo { startCursor hasPreviousPage } } } }',
        "{ users(criteria: {isTestUser: true}) { edges { node { ... on Node { id } externalUserId } } } }",
        """mutation { removeSolutionInstance(input: {solutionInstanceId: "i", clientMutationId: "m"}) {
          clientMutationId
        } }""",
        """mutation($values: [ConfigValue!]) {
          upgradeSolutionInstance(input: {solutionInstanceId: 1, configValues: $values}) { clientMutationId }
        }""",
    ],
)
def test_documents_that_clients_send_are_valid(document: str) -> None:
    assert faults(document) == []


@pytest.mark.ledger("DEC-134")
@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ("{ solution(id: 1) { id } }", "Cannot query field 'solution' on type 'Query'"),
        ("{ viewer { solutionInstances { edges { node { releaseNumber } } } } }", "Cannot query field 'releaseNumber'"),
        ("{ viewer { authentications { edges { cursor } } } }", "Cannot query field 'cursor'"),
        ("mutation { authorize(input: {}) { accessToken } }", "required"),
        ("mutation { authorize(input: {userId: 1}) }", "must have a selection of subfields"),
        ("mutation { importProject(input: {}) { clientMutationId } }", "Cannot query field 'importProject'"),
    ],
)
def test_undocumented_fields_are_refused(document: str, fault: str) -> None:
    assert any(fault in message for message in faults(document)), faults(document)
