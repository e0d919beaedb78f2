# The longest functions: lines, name and path. A function ends with the brace that stands as far
# to the left as its first line: the formatter sees to it. Protocols' requirements have none.
set -eu
cd "$FLOW_RUN_DIR/Sources"
# shellcheck disable=SC2016  # the dollars are awk's
find . -name '*.swift' -exec awk '
  FNR == 1 { name = "" }
  { match($0, /^ */) }
  /^ *([a-z]+ |@[a-zA-Z]+ )*func / && (name == "" || RLENGTH <= indent) {
    indent = RLENGTH; start = FNR
    name = $0; sub(/.*func /, "", name); sub(/[(<].*/, "", name)
    if (/}$/) name = ""
    next
  }
  name != "" && /^ *}/ && RLENGTH <= indent {
    if (RLENGTH == indent) printf "%d\t%s\t%s\n", FNR - start + 1, name, substr(FILENAME, 3)
    name = ""
  }' {} + |
  sort -t "$(printf '\t')" -k 1,1nr -k 2 | head -n "$TOP" >"$FLOW_RUN_DIR/longest-functions"
cat "$FLOW_RUN_DIR/longest-functions"
