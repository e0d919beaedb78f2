import FlowCore
package import FlowStorage

/// The folder that contains the runs of a user.
package struct RunHome<Store: Storage> {
  package let path: String
  package let storage: Store

  package init(_ path: String, in storage: Store) {
    self.path = path
    self.storage = storage
  }

  var runs: String { "\(path)/runs" }

  package func folder(of id: String) -> RunFolder {
    RunFolder(path: "\(runs)/\(id)")
  }

  // MARK: Finding runs

  /// The ids of all runs, the most recent first.
  package func list() throws(RunError) -> [String] {
    guard try isThere(path), try isThere(runs) else { return [] }
    let names = try wrapping { () throws(StorageError) in try Folder(runs, in: storage).names() }
    // The definition file is written once, so its time is when the run was created.
    var found: [(created: Int64, id: String)] = []
    for id in names where RunID.isValid(id) {
      guard let attributes = try attributes(of: folder(of: id).definition) else { continue }
      found.append((attributes.modifiedMicroseconds, id))
    }
    return found.sorted { ($0.created, $0.id) > ($1.created, $1.id) }.map(\.id)
  }

  package func contains(_ id: String) throws(RunError) -> Bool {
    guard try isThere(path), try isThere(runs) else { return false }
    return try attributes(of: folder(of: id).definition) != nil
  }

  /// Finds a run by its id, a unique prefix of one, or `latest`.
  package func resolve(_ name: String) throws(RunError) -> String {
    if name == "latest" {
      guard let id = try list().first else { throw RunError.noRuns(home: path) }
      return id
    }
    guard RunID.isValid(name) else { throw RunError.invalidRunID(name) }
    if try contains(name) { return name }
    let matches = try list().filter { $0.utf8.starts(with: name.utf8) }
    switch matches.count {
    case 0: throw RunError.noSuchRun(name, home: path)
    case 1: return matches[0]
    default: throw RunError.ambiguous(name, matches: matches.sorted())
    }
  }

  /// Whether the folder exists.
  ///
  /// - Throws: `.untrusted` if other users can write to it.
  func isThere(_ path: String) throws(RunError) -> Bool {
    guard let attributes = try attributes(of: path) else { return false }
    guard attributes.isDirectory else { throw RunError.notFolder(path: path) }
    guard attributes.isOwn, !attributes.isWritableByOthers else {
      throw RunError.untrusted(path: path)
    }
    return true
  }

  func attributes(of path: String) throws(RunError) -> FileAttributes? {
    try wrapping { () throws(StorageError) in try Folder(path, in: storage).attributes() }
  }
}

/// The names of runs.
package enum RunID {
  /// Whether a name can be a run id: a file name that needs no quoting.
  package static func isValid(_ name: String) -> Bool {
    guard (1...128).contains(name.utf8.count), let first = name.utf8.first,
      isAlphanumeric(first)
    else { return false }
    return name.utf8.allSatisfy { isAlphanumeric($0) || "._-".utf8.contains($0) }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }
}
