// Apollo Server as its guide sets it up: on Node's HTTP server, executed by graphql-js. It keeps parsed and valid
// documents by itself.

import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";

import { context, resolvers, typeDefs } from "./schema.js";

await startStandaloneServer(new ApolloServer({ typeDefs, resolvers }), {
  context: async ({ req }) => context(req.headers["x-user-id"]),
  listen: { host: "127.0.0.1", port: Number(process.argv[2]) },
});
