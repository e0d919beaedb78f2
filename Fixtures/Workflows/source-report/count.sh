# Counts what a module is made of: one line of tab-separated numbers, of which one is put out, too.
set -eu
cd "$FLOW_RUN_DIR/Sources/$1"
# shellcheck disable=SC2016  # the dollars are awk's
find . -type f ! -name '*.md' | sort | xargs awk -v module="$1" '
  BEGIN { modifiers = "^ *(@[a-zA-Z]+ )?([a-z]+ )*" }
  FNR == 1 { files++ }
  { lines++ }
  length($0) == 0 { blank++ }
  /^ *\/\// { comments++; words += NF - 1 }
  $0 ~ modifiers "(struct|class|enum|protocol|actor) [A-Z]" { types++ }
  $0 ~ modifiers "(func [a-z]|init[(?<])" { functions++ }
  END {
    printf "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n", module, files, lines, lines - blank - comments,
      comments, words, types, functions
  }' >"$FLOW_RUN_DIR/count.$1"
cat "$FLOW_RUN_DIR/count.$1"
cut -f 3 "$FLOW_RUN_DIR/count.$1" >"$FLOW_OUTPUTS/lines"
