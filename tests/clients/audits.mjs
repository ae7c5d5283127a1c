// Run the server audits of graphql-http against the URL of the first argument, and print their results.
import { auditServer } from 'graphql-http';

const results = await auditServer({ url: process.argv[2], fetchFn: fetch });
const shown = results.map(({ id, name, status, reason }) => ({ id, name, status, reason }));
console.log(JSON.stringify(shown));
