"""GraphQL over HTTP: types, queries, mutations, problems and the callback routes."""
