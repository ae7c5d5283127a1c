// PostGraphile over the same tables, with the preset that its guide recommends; it plans each document into SQL.

import { createServer } from "node:http";

import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const service = makePgService({
  connectionString: process.env.LEADGRAPH_DATABASE_URL,
  schemas: ["public"],
  poolConfig: { max: 10 },
});
const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  pgServices: [service],
  grafserv: { graphqlPath: "/graphql", graphiql: false, watch: false },
  grafast: { explain: false },
  disablePlugins: ["PgIndexBehaviorsPlugin"],
});
const server = createServer();
server.on("error", (problem) => {
  throw problem;
});
await instance.createServ(grafserv).addTo(server);
server.listen(Number(process.argv[2]), "127.0.0.1");
