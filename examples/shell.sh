# Functions for trying Relink in a shell: `. examples/shell.sh`. They use RELINK_URL, RELINK_USER and RELINK_PASSWORD.

# post XML, post @FILE, post @-: sends a request, and prints the response with indentation.
post() {
  curl -sS -u "$RELINK_USER:$RELINK_PASSWORD" -H 'Content-Type: application/xml' --data-binary "$1" \
    "${RELINK_URL:-http://127.0.0.1:8080}/service" | indented
}

# indented: prints the XML document that it reads, with indentation.
indented() {
  python3 -c 'import sys, xml.etree.ElementTree as E
tree = E.parse(sys.stdin); E.indent(tree); print(E.tostring(tree.getroot(), "unicode").replace(" />", "/>"))'
}

# field NAME: prints the text of the first element with that name.
field() {
  python3 -c 'import sys, xml.etree.ElementTree as E; print(E.parse(sys.stdin).findtext(f".//{sys.argv[1]}"))' "$1"
}

# graphql TOKEN: sends the query that it reads, and prints the response with indentation.
graphql() {
  python3 -c 'import json, sys; print(json.dumps({"query": sys.stdin.read()}))' |
    curl -sS -H "Authorization: Bearer $1" -H 'Content-Type: application/json' -d @- \
      "${RELINK_URL:-http://127.0.0.1:8080}/graphql" | python3 -m json.tool
}
