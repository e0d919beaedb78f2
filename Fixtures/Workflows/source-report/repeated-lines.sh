# Finds the lines that stand in more than one place, the slow way: for each line, all sources are
# searched anew. The result appears only when it is whole.
set -eu
cd "$FLOW_RUN_DIR"
find Sources -type f | sort | xargs cat | while IFS= read -r line; do
  grep -rFxc -e "$line" Sources | awk -F : -v line="$line" '
    { times += $2 }
    END { if (times > 1) printf "%d\t%s\n", times, line }'
done | sort -u >repeated-lines.unfinished
mv repeated-lines.unfinished repeated-lines
