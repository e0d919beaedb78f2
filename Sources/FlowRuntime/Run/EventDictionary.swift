package import FlowLog

/// Byte sequences that are common in events: the history log is deflated with them as a preset
/// dictionary (`LogOptions.dictionary`).
///
/// Invariant: a dictionary is frozen with its log format. A log can only be inflated with the bytes
/// that it was deflated with, so an edit here makes every existing run unreadable. Another encoding
/// of events or definitions compresses less well with it, and does not change it; a better
/// dictionary needs a new log format.
package enum EventDictionary {
  /// Of log format 1.
  ///
  /// First come words of definitions, and the settings of a step that has only defaults. Then, for
  /// each step whose number takes one byte, the events of most steps: the attempt was launched,
  /// ended by itself with exit code 0, the step succeeded, the next is scheduled. Low numbers are
  /// last, since most runs are small and near matches take fewer bits.
  package static let version1: PresetDictionary = {
    var bytes = Array(words.utf8)
    bytes += usualSettings
    for step in (UInt8(0)..<128).reversed() {
      bytes += [0x02, step, 1, 0x0c, step, 1, 0, 0, 0x48, step, 0, 0x40, (step + 1) & 0x7f, 1]
    }
    return PresetDictionary(bytes)
  }()

  private static let words = """
    https://docker compose kubectl apply git clone --depth 1 ssh rsync -az --delete tar -czf .tar.gz\
    curl -fsS -o aws s3 cp gcloud psql pg_dump sqlite3 .sql.gz sha256sum > find . -type f | sort | \
    grep -v sed -e awk '{print $1}' xargs mkdir -p rm -rf cp -a mv ln -s sleep 10 echo "$ test -f [ \
    ]; then for in do done else exit 1 2>&1 >/dev/null || && set -euo pipefail cargo npm run swift \
    make -j go test ./... node .js python3 -m .py bash -c .sh ./scripts/ ./bin/ /usr/bin/env \
    /usr/local/bin/ /var/lib/ /home/ /tmp/ DATABASE_URL PATH=LANG=C.UTF-8TZ=UTC$HOME/ data \
    input output results clean fetch download extract transform load train evaluate notify publish \
    check lint build deploy upload backup prepare setup report nightly $FLOW_ATTEMPT $FLOW_RUN_DIR/\
    /bin/sh/bin/true
    """

  /// The default settings of a step as `DefinitionCodec` wrote them when log format 1 was frozen.
  private static let usualSettings: [UInt8] = [
    0, 0, 0, 1, 0, 0, 0, 0x90, 0x4e, 1, 0xe8, 7, 0xd0, 0x0f, 0xe0, 0xa7, 0x12, 1, 0x0f, 0, 0, 0, 0,
    0, 0x80, 0x80, 0x80, 0x80, 4,
  ]
}
