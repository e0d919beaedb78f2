# Unpacks each archive and compares the checksum of its contents. Writes down what was compared.
set -eu
cd "$FLOW_RUN_DIR"
rm -f verified
for archive in *.gz; do
  module=${archive%.gz}
  found=$(gzip -d -c "$archive" | sha256sum | cut -d ' ' -f 1)
  if [ "$found" != "$(cat "$module.sha256")" ]; then
    echo "$archive does not hold what was packed" >&2
    exit 1
  fi
  printf '%s\t%.12s\n' "$module" "$found" >>verified
done
cat verified
