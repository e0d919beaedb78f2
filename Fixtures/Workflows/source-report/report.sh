# Puts what the other steps found into one Markdown report, report.md, and prints it.
set -eu
cd "$FLOW_RUN_DIR"

# A table without rows would be a mistake of the step that made it.
for table in largest-files longest-functions comment-words verified line-limit total tests; do
  test -s "$table" || { echo "$table is empty" >&2; exit 1; }
done

# Rows of a table from tab-separated lines.
rows() { sed 's/	/ | /g; s/^/| /; s/$/ |/' "$@"; }

report() {
  sort -t '	' -k 3,3nr count.* >counts
  awk -F '\t' -v lines="$(cat total)" -v tests="$(cat tests)" '
    { files += $2; words += $6; types += $7; functions += $8 }
    END {
      print "# What the sources are made of\n"
      printf "%d modules hold %d lines in %d files: %d types and %d functions, ",
        NR, lines, files, types, functions
      printf "explained in %d words of comments and held by %d tests.\n", words, tests
    }' counts

  printf '\n## Modules\n\n'
  echo '| module | files | lines | code | comments | words in comments | types | functions |'
  echo '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |'
  rows counts

  printf '\n```text\n'
  awk -F '\t' '
    NR == 1 { most = $3 }
    {
      bar = ""
      for (i = 0; i < $3 * 46 / most; i++) bar = bar "#"
      printf "%-19s %-46s %5d\n", $1, bar, $3
    }' counts
  printf '```\n'

  printf '\n## Largest files\n\n| lines | file |\n| ---: | --- |\n'
  rows largest-files
  printf '\n## Longest functions\n\n| lines | function | file |\n| ---: | --- | --- |\n'
  rows longest-functions

  printf '\n## What comments speak of\n\n'
  awk -F '\t' '{ printf "%s%s (%d)", (NR > 1 ? ", " : ""), $2, $1 } END { print "." }' comment-words

  printf '\n## Packed\n\n'
  echo '| module | bytes | with gzip -9 | ratio | SHA-256 |'
  echo '| --- | ---: | ---: | ---: | --- |'
  awk -F '\t' '
    FILENAME == "verified" { checksum[$1] = $2; next }
    { printf "%s\t%d\t%d\t%.1f\t`%s…`\n", $1, $2, $3, $2 / $3, checksum[$1] }' verified pack.* |
    rows
  printf '\nEach archive was unpacked again, and holds what was packed.\n'

  printf '\n## Rules\n\n'
  limit=$(cat line-limit)
  # Of a character's bytes in UTF-8, only the first is counted.
  too_long=$(find Sources -name '*.swift' -exec cat {} + | tr -d '\200-\277' |
    awk -v limit="$limit" 'length($0) > limit' | wc -l)
  echo "$too_long lines are longer than $limit columns: the formatter leaves comments as they are."
  if [ -e repeated-lines ]; then
    echo "$(wc -l <repeated-lines) lines stand in more than one place."
  else
    echo "Repeated lines are left out: the search for them ran out of time."
  fi
}

report >report.md
cat report.md
