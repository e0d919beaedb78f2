# Fetches the house's limit on the length of a line from a formatter's settings, as if from a server
# that is busy when it is asked for the first time.
set -eu
if [ "$FLOW_ATTEMPT" -eq 1 ]; then
  echo "the server is busy; try again later" >&2
  exit 75
fi
sed -n 's/.*"lineLength": *\([0-9]*\).*/\1/p' "$1" >"$FLOW_RUN_DIR/line-limit"
test -s "$FLOW_RUN_DIR/line-limit"
