#!/bin/sh
# Exports all leads with some statuses, waits for the file, and downloads it.
#
#     sh export.sh leads.jsonl.gz QUALIFIED CONVERTED
#
# Set LEADGRAPH_URL and LEADGRAPH_API_KEY. Requires curl and python3.
set -eu
: "${LEADGRAPH_URL:?must be the address of the API}" "${LEADGRAPH_API_KEY:?must be an API key}" "${1:?Name a file}" "${2:?Give at least one status}"

file=$1
shift

ask() {
    curl -sS "$LEADGRAPH_URL" -H "Authorization: Bearer $LEADGRAPH_API_KEY" -H "Content-Type: application/json" -d "$1"
}

creation() {
    python3 -c 'import json, sys
statuses = sys.argv[1:]
query = """mutation($input: CreateExportInput!) {
  createExport(input: $input) { export { id status error url } userErrors { message } }
}"""
leads = {"filter": {"status": {"in": statuses}}, "fields": ["ID", "STATUS", "COMPANY", "MENTION_URL"]}
print(json.dumps({"query": query, "variables": {"input": {"list": {"leads": leads}}}}))' "$@"
}

question() {
    printf '{"query": "query($id: ID!) { export(id: $id) { id status error url } }", "variables": {"id": "%s"}}' "$1"
}

# Prints a field of the export in a response. Prints errors of the response to standard error.
field() {
    python3 -c 'import json, sys
answer = json.load(sys.stdin)
data = answer.get("data") or {}
payload = data.get("createExport") or data
wrong = answer.get("errors") or payload.get("userErrors")
if wrong:
    sys.exit("\n".join(error["message"] for error in wrong))
print(payload["export"][sys.argv[1]] or "")' "$1"
}

answer=$(ask "$(creation "$@")")
id=$(printf '%s' "$answer" | field id)
status=$(printf '%s' "$answer" | field status)
while [ "$status" = QUEUED ] || [ "$status" = RUNNING ]; do
    sleep 1
    answer=$(ask "$(question "$id")")
    status=$(printf '%s' "$answer" | field status)
done
if [ "$status" != SUCCEEDED ]; then
    echo "The export is $status: $(printf '%s' "$answer" | field error)" >&2
    exit 1
fi

url=${LEADGRAPH_URL%/graphql}$(printf '%s' "$answer" | field url)
curl -sS --fail -C - --retry 5 -o "$file" "$url" -H "Authorization: Bearer $LEADGRAPH_API_KEY"
