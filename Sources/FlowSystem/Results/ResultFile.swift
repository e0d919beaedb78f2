import CLinux
package import FlowCache
package import FlowPublication
import Glibc

/// The results of steps and the digests of files, in one file that all runs of a `$FLOW_HOME` share.
///
/// It can be removed at any time: then steps run again, and files are digested again. A file that is damaged, or
/// of another version, is replaced.
package final class ResultFile {
  /// Of the tables. What another version has left is dropped.
  private static let version: UInt8 = 1
  /// So many results are kept, those that were used last.
  private static let mostResults: Int64 = 100_000
  private static let mostDigests: Int64 = 2_000_000
  /// A file system may be unable to tell two changes apart that are no longer apart than this, so the digest of
  /// a file that has changed so short a time ago is not remembered.
  private static let racyNanoseconds: Int64 = 2_000_000_000

  private let path: String
  private let database: Database
  private var digests: [(FileStatus, Digest)] = []

  package init(_ path: String) throws(ResultStoreError) {
    self.path = path
    do throws(ResultStoreError) { database = try Self.opened(path) } catch {
      // It holds nothing that cannot be found out again.
      Self.remove(path)
      database = try Self.opened(path)
    }
  }

  private static func opened(_ path: String) throws(ResultStoreError) -> Database {
    // Only its owner reads it. SQLite makes its other files like this one.
    let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    if descriptor >= 0 { close(descriptor) }
    let database = try Database(path)
    // A process that is killed leaves nothing half done. A power loss can damage the file, since nothing is
    // synced: so each row has a checksum, and where SQLite finds damage, the file is removed. A write-ahead log would
    // have to be read as a whole by each process that is alone with it.
    _ = try database.first("PRAGMA journal_mode = TRUNCATE")
    try database.run("PRAGMA synchronous = OFF")
    if try database.first("PRAGMA user_version") != Array("\(version)".utf8) {
      try database.run("BEGIN IMMEDIATE")
      try database.run("DROP TABLE IF EXISTS results")
      try database.run("DROP TABLE IF EXISTS digests")
      try database.run(
        "CREATE TABLE results (key BLOB PRIMARY KEY, step BLOB NOT NULL, used INTEGER NOT NULL,"
          + " result BLOB NOT NULL) WITHOUT ROWID")
      try database.run("CREATE INDEX steps ON results (step, used)")
      try database.run("CREATE INDEX uses ON results (used)")
      try database.run(
        "CREATE TABLE digests (file BLOB PRIMARY KEY, digest BLOB NOT NULL) WITHOUT ROWID")
      try database.run("PRAGMA user_version = \(version)")
      try database.run("COMMIT")
    }
    return database
  }

  private static func remove(_ path: String) {
    for suffix in ["", "-journal"] { unsafe _ = unlink(path + suffix) }
  }

  /// It is made anew by the next process.
  deinit { if database.isDamaged { Self.remove(path) } }

  /// Writes down what was learned of files.
  package func flush() throws(ResultStoreError) {
    if digests.isEmpty { return }
    try database.run("BEGIN IMMEDIATE")
    for (status, digest) in digests {
      try database.run(
        "INSERT OR REPLACE INTO digests VALUES (?, ?)", .bytes(Self.identity(of: status)),
        .bytes(Envelope.wrapped(Self.identity(of: status) + Self.state(of: status) + digest.bytes)))
    }
    try database.run("COMMIT")
    digests = []
  }

  private static func identity(of file: FileStatus) -> [UInt8] {
    bytes(of: file.stamp.device) + bytes(of: file.stamp.inode)
  }

  /// What differs if its content does.
  private static func state(of file: FileStatus) -> [UInt8] {
    bytes(of: UInt64(bitPattern: file.size))
      + bytes(of: UInt64(bitPattern: file.stamp.modifiedNanoseconds))
      + bytes(of: UInt64(bitPattern: file.stamp.changedNanoseconds))
  }

  private static func bytes(of number: UInt64) -> [UInt8] {
    stride(from: 0, to: 64, by: 8).map { UInt8(truncatingIfNeeded: number >> UInt64($0)) }
  }

  private static var wallNanoseconds: Int64 {
    var now = timespec()
    _ = unsafe clock_gettime(CLOCK_REALTIME, &now)
    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
  }
}

extension ResultFile: ResultStore {
  package func digest(_ bytes: [UInt8]) -> Digest { Self.digest(bytes) }

  package static func digest(_ bytes: [UInt8]) -> Digest {
    var computation = DigestComputation()
    computation.add(bytes[...])
    return computation.digest()
  }

  package func result(of key: Digest) throws(ResultStoreError) -> CachedResult? {
    let found = try database.first("SELECT result FROM results WHERE key = ?", .bytes(key.bytes))
    guard let result = found.flatMap(CachedResult.decode), result.key.digest == key else {
      return nil
    }
    try noteUse(of: key)
    return result
  }

  /// At most once an hour, since it is written.
  private func noteUse(of key: Digest) throws(ResultStoreError) {
    let now = Self.wallNanoseconds
    let isOld = try database.first(
      "SELECT 1 FROM results WHERE key = ? AND used < ?", .bytes(key.bytes),
      .number(now - 3_600_000_000_000))
    if isOld != nil {
      try database.run("UPDATE results SET used = ? WHERE key = ?", .number(now), .bytes(key.bytes))
    }
  }

  package func lastResult(of identity: Digest) throws(ResultStoreError) -> CachedResult? {
    try database.first(
      "SELECT result FROM results WHERE step = ? ORDER BY used DESC LIMIT 1",
      .bytes(identity.bytes)
    ).flatMap(CachedResult.decode)
  }

  package func keep(
    _ result: CachedResult, of identity: Digest
  ) throws(ResultStoreError) {
    try database.run(
      "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)", .bytes(result.key.digest.bytes),
      .bytes(identity.bytes), .number(Self.wallNanoseconds), .bytes(result.encoded()))
    // Counting takes time, and a few more do no harm.
    if ProcessFacts.randomBits() % 1_024 == 0 {
      try removeOldest(keeping: Self.mostResults, digests: Self.mostDigests)
    }
  }

  /// Removes results that were used longest ago.
  func removeOldest(keeping results: Int64, digests: Int64) throws(ResultStoreError) {
    try database.run(
      "DELETE FROM results WHERE used <= (SELECT used FROM results ORDER BY used DESC LIMIT 1 OFFSET ?)",
      .number(results))
    // Which of them are of files that are gone, nobody knows.
    try database.run(
      "DELETE FROM digests WHERE (SELECT count(*) FROM digests) > ?", .number(digests))
  }
}

extension ResultFile: DigestMemory {
  /// A file that cannot be read now is digested again.
  package func digest(of file: FileStatus) -> Digest? {
    let found = try? database.first(
      "SELECT digest FROM digests WHERE file = ?", .bytes(Self.identity(of: file)))
    let known = Self.identity(of: file) + Self.state(of: file)
    guard let content = found.flatMap(Envelope.unwrapped), content.starts(with: known),
      content.count == known.count + Digest.byteCount
    else { return nil }
    return Digest(Array(content.dropFirst(known.count)))
  }

  package func remember(_ digest: Digest, of file: FileStatus) {
    let changed = max(file.stamp.modifiedNanoseconds, file.stamp.changedNanoseconds)
    let age = Self.wallNanoseconds.subtractingReportingOverflow(changed)
    if !age.overflow, age.partialValue >= Self.racyNanoseconds { digests.append((file, digest)) }
  }
}
