import { createServer } from "node:http";

import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { pgSmartTags } from "postgraphile/utils";

const TABLES = new Set(["users", "keywords", "mentions", "leads", "analysis_results"]);

// The foreign key of mentions is (user_id, keyword_id), and no index begins with both. keyword_id alone has an index.
const smartTags = pgSmartTags([
  { kind: "class", match: ({ relname }) => !TABLES.has(relname), tags: { behavior: "-*" } },
  {
    kind: "class",
    match: "mentions",
    tags: { foreignKey: "(keyword_id) references keywords (id)|@fieldName keyword|@foreignFieldName mentions" },
  },
  { kind: "constraint", match: "mentions.fk_mentions_user_id_keyword_id", tags: { behavior: "-*" } },
  named("keywords.fk_keywords_user_id", { fieldName: "user" }),
  named("leads.fk_leads_mention_id", { fieldName: "mention", foreignSingleFieldName: "lead" }),
  named("analysis_results.fk_analysis_results_mention_id", { foreignSingleFieldName: "analysis" }),
]);

function named(constraint, tags) {
  return { kind: "constraint", match: constraint, tags };
}

const service = makePgService({
  connectionString: process.env.LEADGRAPH_DATABASE_URL,
  schemas: ["public"],
  poolConfig: { max: 10 },
  pubsub: false,
});
const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  pgServices: [service],
  grafserv: { graphqlPath: "/graphql", graphiql: false, watch: false, outputDataAsString: true },
  grafast: { explain: false },
  schema: { defaultBehavior: "-insert -update -delete -queryField -mutationField" },
  plugins: [smartTags],
  disablePlugins: ["PgIndexBehaviorsPlugin"],
});
const server = createServer();
server.on("error", (problem) => {
  throw problem;
});
await instance.createServ(grafserv).addTo(server);
server.listen(Number(process.argv[2]), "127.0.0.1");
