/// The file system as the project uses it: the seam between the log and the world.
///
/// Each call is one operation that can fail, be cut short, or be the last thing that happens before
/// a crash; nothing is retried behind it except an interrupted call. What the operations promise is
/// what POSIX promises and no more: written bytes are durable after `sync`, a name is durable after
/// `syncDirectory` of the folder that holds it. Paths are absolute, or relative to the root that the
/// implementation was given.
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
  /// The names in a folder, sorted by their bytes, without `.` and `..`.
  func entries(of path: String) throws(Errno) -> [String]
  /// Makes the names in a folder durable.
  func syncDirectory(_ path: String) throws(Errno)
  /// Who can change what is at the path; nil if there is nothing.
  func attributes(of path: String) throws(Errno) -> FileAttributes?

  // MARK: Files

  /// Opens a file, closed on exec. `.create` makes a new one with mode 0600.
  func open(_ path: String, _ mode: OpenMode) throws(Errno) -> Handle
  func size(of file: Handle) throws(Errno) -> Int64
  /// Whether the path names the file that is open: somebody may have removed it, or put another in
  /// its place.
  func isStill(_ file: Handle, at path: String) throws(Errno) -> Bool
  /// Reads up to `range.count` bytes into that part of `buffer`; returns how many, zero at the end.
  func read(
    from file: Handle, at offset: Int64, into buffer: inout [UInt8], _ range: Range<Int>
  ) throws(Errno) -> Int
  /// Where the first byte at or after `offset` is that was ever written, as far as the file system
  /// knows; nil if none is. What is passed over reads as zeros.
  func nextData(in file: Handle, from offset: Int64) throws(Errno) -> Int64?
  /// Writes up to `bytes.count` bytes and returns how many were taken, at least one.
  func write(_ bytes: Span<UInt8>, to file: Handle, at offset: Int64) throws(Errno) -> Int
  /// Allocates blocks and extends the size to `length`, so that writes below it need no more room.
  /// The new bytes read as zeros.
  func reserve(_ file: Handle, upTo length: Int64) throws(Errno)
  /// Makes the file's bytes and size durable. After a failure nothing is known of what was written.
  func sync(_ file: Handle) throws(Errno)
  /// Begins what `sync` does, and returns; one at a time. `finishedSync` tells when it is done.
  func startSync(_ file: Handle) throws(Errno)
  /// Whether the sync that was begun is done. Throws its error, once.
  func finishedSync() throws(Errno) -> Bool
  /// Takes the whole-file lock of this open file description. False if another holds it.
  func tryLock(_ file: Handle) throws(Errno) -> Bool
  /// Whether another open file description holds the lock. Takes nothing.
  func isLockedByAnother(_ file: Handle) throws(Errno) -> Bool
  /// Gives the descriptor back. Data that was not synced may still be lost.
  func close(_ file: Handle) throws(Errno)
}

extension Storage {
  /// For what knows of no holes: all may have been written.
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

/// What decides whether a file or folder can be trusted, and how old it is.
package struct FileAttributes: Hashable, Sendable {
  package var isDirectory: Bool
  /// Whether it belongs to the user of this process.
  package var isOwn: Bool
  /// Whether group or others may write.
  package var isWritableByOthers: Bool
  /// When its content last changed, in microseconds since 1970.
  package var modifiedMicroseconds: Int64

  package init(
    isDirectory: Bool, isOwn: Bool, isWritableByOthers: Bool, modifiedMicroseconds: Int64
  ) {
    self.isDirectory = isDirectory
    self.isOwn = isOwn
    self.isWritableByOthers = isWritableByOthers
    self.modifiedMicroseconds = modifiedMicroseconds
  }
}
