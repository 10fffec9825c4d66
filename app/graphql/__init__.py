"""GraphQL over the solutions: schema first (`schemas/solutions.graphql`), resolvers beside it."""
