# The words that comments use most, without those that every text uses: times and word.
set -eu
cd "$FLOW_RUN_DIR/Sources"
find . -name '*.swift' -exec grep -h '^ *//' {} + |
  tr '[:upper:]' '[:lower:]' | tr -c '[:lower:]' '\n' | awk '
    BEGIN {
      split("that this with what which from where there they than then have been into only " \
        "must more other does", list)
      for (i in list) common[list[i]] = 1
    }
    length($0) > 3 && !($0 in common) { times[$0]++ }
    END { for (word in times) printf "%d\t%s\n", times[word], word }' |
  sort -t "$(printf '\t')" -k 1,1nr -k 2 | head -n "$TOP" >"$FLOW_RUN_DIR/comment-words"
cat "$FLOW_RUN_DIR/comment-words"
