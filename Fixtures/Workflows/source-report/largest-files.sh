# The files with the most lines: lines and path.
set -eu
cd "$FLOW_RUN_DIR/Sources"
find . -type f -exec awk '
  { lines[FILENAME]++ }
  END { for (file in lines) printf "%d\t%s\n", lines[file], substr(file, 3) }' {} + |
  sort -t "$(printf '\t')" -k 1,1nr -k 2 | head -n "$TOP" >"$FLOW_RUN_DIR/largest-files"
cat "$FLOW_RUN_DIR/largest-files"
