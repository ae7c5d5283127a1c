// Fastify and Mercurius with graphql-jit. DataLoaders replace its own loaders, which write each parent object as JSON to
// find duplicates.

import Fastify from "fastify";
import mercurius from "mercurius";

import { compilerOptions, context, resolvers, typeDefs } from "./schema.js";

const app = Fastify();
await app.register(mercurius, {
  schema: typeDefs,
  resolvers,
  jit: 1,
  compilerOptions,
  context: (request) => context(request.headers["x-user-id"]),
});
await app.listen({ host: "127.0.0.1", port: Number(process.argv[2]) });
