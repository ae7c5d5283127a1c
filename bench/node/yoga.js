// GraphQL Yoga on Node's HTTP server, with graphql-jit. Yoga keeps parsed and valid documents by itself.

import { createServer } from "node:http";

import { useGraphQlJit } from "@envelop/graphql-jit";
import { createSchema, createYoga } from "graphql-yoga";

import { compilerOptions, context, resolvers, typeDefs } from "./schema.js";

const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers }),
  plugins: [useGraphQlJit(compilerOptions)],
  context: ({ request }) => context(request.headers.get("x-user-id")),
  cors: false,
  graphiql: false,
  landingPage: false,
  logging: false,
  multipart: false,
});
createServer(yoga).listen(Number(process.argv[2]), "127.0.0.1");
