package import FlowStorage

/// `PublicationFiles` whose errors name the operation and the path.
package struct Disk<Files: PublicationFiles> {
  package let files: Files

  package init(files: Files) { self.files = files }

  package func status(of path: String) throws(StorageError) -> FileStatus? {
    try naming(.inspect, path) { () throws(Errno) in try files.status(of: path) }
  }

  package func names(in folder: String) throws(StorageError) -> [String] {
    try naming(.list, folder) { () throws(Errno) in try files.names(in: folder) }
  }

  package func target(ofLink path: String) throws(StorageError) -> String {
    try naming(.read, path) { () throws(Errno) in try files.target(ofLink: path) }
  }

  package func realPath(_ path: String) throws(StorageError) -> String {
    try naming(.inspect, path) { () throws(Errno) in try files.realPath(path) }
  }

  package func digest(ofFile path: String) throws(StorageError) -> Digest {
    try naming(.read, path) { () throws(Errno) in try files.digest(ofFile: path) }
  }

  package func read(_ path: String) throws(StorageError) -> [UInt8] {
    try naming(.read, path) { () throws(Errno) in try files.read(path) }
  }

  func makeFolder(_ path: String) throws(StorageError) {
    try naming(.makeDirectory, path) { () throws(Errno) in try files.makeFolder(path) }
  }

  func makeFile(_ path: String, _ bytes: [UInt8]) throws(StorageError) {
    try naming(.write, path) { () throws(Errno) in try files.makeFile(path, bytes) }
  }

  func copyFile(_ path: String, to newPath: String) throws(StorageError) -> Digest {
    try naming(.write, newPath) { () throws(Errno) in try files.copyFile(path, to: newPath) }
  }

  func makeLink(_ path: String, to target: String) throws(StorageError) {
    try naming(.create, path) { () throws(Errno) in try files.makeLink(path, to: target) }
  }

  func setMode(_ mode: UInt16, of path: String) throws(StorageError) {
    try naming(.write, path) { () throws(Errno) in try files.setMode(mode, of: path) }
  }

  func rename(
    _ path: String, to newPath: String, replacing: Bool
  ) throws(StorageError) {
    try naming(.rename, path) { () throws(Errno) in
      try files.rename(path, to: newPath, replacing: replacing)
    }
  }

  func exchange(_ path: String, _ other: String) throws(StorageError) {
    try naming(.rename, path) { () throws(Errno) in try files.exchange(path, other) }
  }

  func removeFile(_ path: String) throws(StorageError) {
    try naming(.remove, path) { () throws(Errno) in try files.removeFile(path) }
  }

  func removeFolder(_ path: String) throws(StorageError) {
    try naming(.remove, path) { () throws(Errno) in try files.removeFolder(path) }
  }

  func removeTree(_ path: String) throws(StorageError) { try files.removeTree(path) }

  func syncFile(_ path: String) throws(StorageError) {
    try naming(.sync, path) { () throws(Errno) in try files.syncFile(path) }
  }

  package func syncFolder(_ path: String) throws(StorageError) {
    try naming(.syncDirectory, path) { () throws(Errno) in try files.syncFolder(path) }
  }
}
