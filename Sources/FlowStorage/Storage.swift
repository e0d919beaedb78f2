// FlowStorage is the seam between the product and a file system.
//
// `Storage` is the protocol that the Linux file system, the simulated disk and the test doubles
// implement. `File` and `Folder` are what callers use: they keep the path and turn an error number
// into a `StorageError` that names the operation and the path. The module knows nothing of history
// logs, runs or attempts.
//
// It may import nothing.
//
// Invariant: an operation of `Storage` promises what POSIX promises and no more. Written bytes are
// durable after a sync of the file, names after a sync of the folder that holds them.
// Invariant: nothing here retries an operation that failed. A caller that retries knows why it may.
// Invariant: a descriptor is closed exactly once, also when an error discards its owner.

/// A file system as flow uses it.
///
/// Each call is one operation that can fail, be cut short, or be the last thing that happens before
/// a crash. An implementation retries only interrupted calls. Paths are absolute, or relative to
/// the root that the implementation was given.
package protocol Storage: AnyObject {
  /// An open file. It owns an open file description, and with it any lock taken through it.
  associatedtype Handle: Sendable

  // MARK: Names

  /// Creates a folder with mode 0700. Throws `.fileExists` if the name is taken.
  func makeDirectory(_ path: String) throws(Errno)
  /// Renames a file or folder. With `replacing: false` a taken name is `.fileExists`.
  func rename(_ path: String, to newPath: String, replacing: Bool) throws(Errno)
  func removeFile(_ path: String) throws(Errno)
  /// Removes an empty folder.
  func removeDirectory(_ path: String) throws(Errno)
  /// Removes a folder and all that is in it; or the file, if the path names one. A link is removed, and
  /// what it names is not. A path that does not exist is no error.
  func removeTree(_ path: String) throws(StorageError)
  /// The names in a folder, sorted by their bytes, without `.` and `..`.
  func entries(of path: String) throws(Errno) -> [String]
  /// Makes the names in a folder durable.
  func syncDirectory(_ path: String) throws(Errno)
  /// The owner, permissions and age of a file or folder; nil if the path does not exist.
  func attributes(of path: String) throws(Errno) -> FileAttributes?

  // MARK: Files

  /// Opens a file, closed on exec. `.create` makes a new one with mode 0600.
  func open(_ path: String, _ mode: OpenMode) throws(Errno) -> Handle
  func size(of file: Handle) throws(Errno) -> Int64
  /// Whether the path still names the open file. Another process may have removed or replaced it.
  func isStill(_ file: Handle, at path: String) throws(Errno) -> Bool
  /// Reads up to `range.count` bytes into that part of `buffer`; returns how many, zero at the end.
  func read(
    from file: Handle, at offset: Int64, into buffer: inout [UInt8], _ range: Range<Int>
  ) throws(Errno) -> Int
  /// The offset of the first byte at or after `offset` that was ever written, as far as the file
  /// system knows; nil if there is none. The bytes before it read as zeros.
  func nextData(in file: Handle, from offset: Int64) throws(Errno) -> Int64?
  /// Writes up to `bytes.count` bytes and returns how many were written, at least one.
  func write(_ bytes: Span<UInt8>, to file: Handle, at offset: Int64) throws(Errno) -> Int
  /// Allocates blocks and extends the size to `length`, so that writes below it need no more space.
  /// The new bytes read as zeros.
  func reserve(_ file: Handle, upTo length: Int64) throws(Errno)
  /// Cuts the file to `length` and gives its space back. It is durable after a sync, or later; until
  /// then a crash may leave either size.
  func truncate(_ file: Handle, to length: Int64) throws(Errno)
  /// Makes the file's bytes and size durable. After an error it is unknown which writes are
  /// durable.
  func sync(_ file: Handle) throws(Errno)
  /// Starts a sync and returns. One sync at a time; `finishedSync` reports its end.
  func startSync(_ file: Handle) throws(Errno)
  /// Whether the started sync is complete. Throws its error, once.
  func finishedSync() throws(Errno) -> Bool
  /// Takes the whole-file lock of this open file description. False if another one holds it.
  func tryLock(_ file: Handle) throws(Errno) -> Bool
  /// Takes the whole-file lock together with others that share it. False if another open file
  /// description holds it alone.
  func tryShareLock(_ file: Handle) throws(Errno) -> Bool
  /// Whether another open file description holds the lock, or shares it. Takes no lock.
  func isLockedByAnother(_ file: Handle) throws(Errno) -> Bool
  /// Closes the descriptor. Unsynced bytes may still be lost.
  func close(_ file: Handle) throws(Errno)
}

extension Storage {
  /// For a storage without links.
  package func removeTree(_ path: String) throws(StorageError) {
    let found: FileAttributes? = try naming(.inspect, path) { () throws(Errno) in
      try attributes(of: path)
    }
    guard let found else { return }
    guard found.isDirectory else {
      return try naming(.remove, path) { () throws(Errno) in try removeFile(path) }
    }
    let names = try naming(.list, path) { () throws(Errno) in try entries(of: path) }
    for name in names { try removeTree("\(path)/\(name)") }
    try naming(.remove, path) { () throws(Errno) in try removeDirectory(path) }
  }

  /// For a storage without shared locks: nothing is shared.
  package func tryShareLock(_ file: Handle) throws(Errno) -> Bool { try tryLock(file) }

  /// For a storage that keeps the space.
  package func truncate(_ file: Handle, to length: Int64) throws(Errno) { throw .notSupported }

  /// For a storage without holes: every byte counts as written.
  package func nextData(in file: Handle, from offset: Int64) throws(Errno) -> Int64? {
    offset < (try size(of: file)) ? offset : nil
  }
}

package enum OpenMode: Hashable, Sendable {
  /// An existing file, to read.
  case read
  /// An existing file, to read and write.
  case update
  /// A new file, to read and write; a taken name is `.fileExists`.
  case create
}

/// What tells whether a file or folder can be trusted, and how old it is.
package struct FileAttributes: Hashable, Sendable {
  package var isDirectory: Bool
  /// Whether it belongs to the user of this process.
  package var isOwn: Bool
  /// Whether group or others may write.
  package var isWritableByOthers: Bool
  /// When its content last changed, in microseconds since 1970.
  package var modifiedMicroseconds: Int64
  /// The user that it belongs to.
  package var owner: UInt32

  package init(
    isDirectory: Bool, isOwn: Bool, isWritableByOthers: Bool, modifiedMicroseconds: Int64,
    owner: UInt32 = 0
  ) {
    self.isDirectory = isDirectory
    self.isOwn = isOwn
    self.isWritableByOthers = isWritableByOthers
    self.modifiedMicroseconds = modifiedMicroseconds
    self.owner = owner
  }
}
