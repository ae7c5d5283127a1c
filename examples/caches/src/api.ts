/** Returns the value of an environment variable. */
export function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`Set ${name}.`);
  return value;
}

export const url = setting("LEADGRAPH_URL");
export const headers = { Authorization: `Bearer ${setting("LEADGRAPH_API_KEY")}` };
