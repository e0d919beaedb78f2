/// A folder of a storage, by its path. Nothing is open while one exists.
package struct Folder<Store: Storage> {
  package let path: String
  package let storage: Store

  package init(_ path: String, in storage: Store) {
    self.path = path
    self.storage = storage
  }

  // MARK: Entries

  /// The path of an entry.
  package func path(of name: String) -> String { "\(path)/\(name)" }

  package func open(_ name: String, _ mode: OpenMode) throws(StorageError) -> File<Store> {
    try File(path(of: name), mode, in: storage)
  }

  /// The names in the folder, sorted by their bytes.
  package func names() throws(StorageError) -> [String] {
    try naming(.list, path) { () throws(Errno) in try storage.entries(of: path) }
  }

  /// The names in the folder; none if it does not exist.
  package func namesIfPresent() throws(StorageError) -> [String] {
    do throws(StorageError) { return try names() } catch {
      guard error.errno == .noSuchFile else { throw error }
      return []
    }
  }

  /// Removes a file. A file that does not exist is no error.
  package func removeIfPresent(_ name: String) throws(StorageError) {
    let path = path(of: name)
    try naming(.remove, path) { () throws(Errno) in
      do throws(Errno) { try storage.removeFile(path) } catch .noSuchFile {}
    }
  }

  /// Makes the names in the folder durable.
  package func sync() throws(StorageError) {
    try naming(.syncDirectory, path) { () throws(Errno) in try storage.syncDirectory(path) }
  }

  // MARK: The folder itself

  /// Nil if it does not exist.
  package func attributes() throws(StorageError) -> FileAttributes? {
    try naming(.inspect, path) { () throws(Errno) in try storage.attributes(of: path) }
  }

  /// Creates the folder in a parent that exists. A taken name is `.fileExists`.
  package func make() throws(StorageError) {
    try naming(.makeDirectory, path) { () throws(Errno) in try storage.makeDirectory(path) }
  }

  /// The same, where another process may have created it.
  package func makeIfMissing() throws(StorageError) {
    do throws(StorageError) { try make() } catch {
      guard error.errno == .fileExists else { throw error }
    }
  }

  /// Gives the folder a name that must be free. The name is durable when its parent is synced.
  package func rename(to newPath: String) throws(StorageError) {
    try naming(.rename, path) { () throws(Errno) in
      try storage.rename(path, to: newPath, replacing: false)
    }
  }

  /// Removes the folder and everything in it; or the file, if the path names one. A link is removed, and
  /// what it names is not. A path that does not exist is no error.
  package func removeTree() throws(StorageError) { try storage.removeTree(path) }
}

/// The parts of a path.
package enum PathName {
  /// The folder that holds what the path names; nil for a path of one part, which a caller
  /// resolves.
  package static func parent(of path: String) -> String? {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return nil }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The last part of a path.
  package static func last(of path: String) -> String {
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    return slash.map { String(path[path.utf8.index(after: $0)...]) } ?? path
  }
}
