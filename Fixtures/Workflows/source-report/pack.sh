# Packs a module's files into one archive, and notes its sizes and the checksum of its contents.
set -eu
cd "$FLOW_RUN_DIR/Sources/$1"
find . -type f | sort | xargs cat >"$FLOW_RUN_DIR/$1.contents"
cd "$FLOW_RUN_DIR"
gzip -9 -n -c "$1.contents" >"$1.gz"
sha256sum <"$1.contents" | cut -d ' ' -f 1 >"$1.sha256"
printf '%s\t%d\t%d\n' "$1" "$(wc -c <"$1.contents")" "$(wc -c <"$1.gz")" >"pack.$1"
cat "pack.$1"
