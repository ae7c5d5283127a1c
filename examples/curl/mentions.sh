#!/bin/sh
# Prints the texts of the mentions that match a search, the earliest first, one per line.
#
#     sh mentions.sh '"should we buy" or recommend'
#
# Set LEADGRAPH_URL and LEADGRAPH_API_KEY. Requires curl and python3.
set -eu
: "${LEADGRAPH_URL:?must be the address of the API}" "${LEADGRAPH_API_KEY:?must be an API key}" "${1:?Give words to search for}"

words=$1
question='query PageOfMentions($filter: MentionFilter!, $after: String) {
  mentions(filter: $filter, orderBy: OLDEST, first: 100, after: $after) {
    nodes { content }
    pageInfo { hasNextPage endCursor }
  }
}'

ask() {
    curl -sS "$LEADGRAPH_URL" -H "Authorization: Bearer $LEADGRAPH_API_KEY" -H "Content-Type: application/json" -d "$1"
}

# Prints the request for the page after a cursor. The cursor is JSON.
request() {
    python3 -c 'import json, sys
query, words, after = sys.argv[1:]
variables = {"filter": {"search": words}, "after": json.loads(after)}
print(json.dumps({"query": query, "variables": variables}))' "$question" "$words" "$1"
}

# Prints the texts of a page. Prints errors of the response to standard error.
texts() {
    python3 -c 'import json, sys
answer = json.load(sys.stdin)
if "errors" in answer:
    sys.exit("\n".join("{extensions[code]}: {message}".format(**error) for error in answer["errors"]))
for mention in answer["data"]["mentions"]["nodes"]:
    print(" ".join(mention["content"].split()))'
}

# Prints the cursor of the next page as JSON, or nothing after the last page.
next() {
    python3 -c 'import json, sys
page = json.load(sys.stdin)["data"]["mentions"]["pageInfo"]
print(json.dumps(page["endCursor"]) if page["hasNextPage"] else "")'
}

after=null
while [ "$after" != "" ]; do
    page=$(ask "$(request "$after")")
    printf '%s' "$page" | texts
    after=$(printf '%s' "$page" | next)
done
