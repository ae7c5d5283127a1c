#!/bin/sh
# Prints the texts of the mentions that fit some words, the earliest first, one per line.
#
#     sh mentions.sh '"should we buy" or recommend'
#
# The variables LEADGRAPH_URL and LEADGRAPH_API_KEY say whom to ask. curl and python3 have to be installed.
set -eu
: "${LEADGRAPH_URL:?says where to ask}" "${LEADGRAPH_API_KEY:?is the key to ask with}" "${1:?Give words to search for}"

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

# A request for the page behind a cursor, itself in JSON.
request() {
    python3 -c 'import json, sys
query, words, after = sys.argv[1:]
variables = {"filter": {"search": words}, "after": json.loads(after)}
print(json.dumps({"query": query, "variables": variables}))' "$question" "$words" "$1"
}

# The texts of a page; what is wrong with it goes to standard error.
texts() {
    python3 -c 'import json, sys
answer = json.load(sys.stdin)
if "errors" in answer:
    sys.exit("\n".join("{extensions[code]}: {message}".format(**error) for error in answer["errors"]))
for mention in answer["data"]["mentions"]["nodes"]:
    print(" ".join(mention["content"].split()))'
}

# The cursor behind a page, in JSON, or nothing behind the last one.
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
