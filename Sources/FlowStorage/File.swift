/// An open file with one owner, which closes it. If an error discards the owner, the descriptor is
/// closed all the same.
package struct File<Store: Storage>: ~Copyable {
  package private(set) var path: String
  private let open: OpenFile<Store>

  private var storage: Store { open.storage }
  private var handle: Store.Handle { open.handle }

  package init(_ path: String, _ mode: OpenMode, in storage: Store) throws(StorageError) {
    open = try naming(mode == .create ? .create : .open, path) { () throws(Errno) in
      try OpenFile(path, mode, in: storage)
    }
    self.path = path
  }

  package consuming func close() throws(StorageError) {
    try naming(.close, path) { () throws(Errno) in try open.close() }
  }

  // MARK: Names

  /// Gives the file a name that must be free. The name is durable when its folder is synced.
  package mutating func rename(to newPath: String) throws(StorageError) {
    try naming(.rename, path) { () throws(Errno) in
      try storage.rename(path, to: newPath, replacing: false)
    }
    path = newPath
  }

  /// Gives the file a name that another file may have, which it replaces. The name is durable when
  /// its folder is synced.
  package mutating func replace(_ newPath: String) throws(StorageError) {
    try naming(.rename, path) { () throws(Errno) in
      try storage.rename(path, to: newPath, replacing: true)
    }
    path = newPath
  }

  /// Takes note that the folder of the file was renamed.
  package mutating func folderWasRenamed(to folder: String) {
    path = "\(folder)/\(PathName.last(of: path))"
  }

  /// Whether the path still names this file. If not, its bytes are lost when it is closed, and its
  /// lock excludes no other process.
  package func isAtItsPath() throws(StorageError) -> Bool {
    try naming(.inspect, path) { () throws(Errno) in try storage.isStill(handle, at: path) }
  }

  // MARK: Bytes

  package func size() throws(StorageError) -> Int64 {
    try naming(.inspect, path) { () throws(Errno) in try storage.size(of: handle) }
  }

  /// Fills `range` of `buffer` from the file, up to the end of the file; returns how many bytes.
  package func read(
    at offset: Int64, into buffer: inout [UInt8], _ range: Range<Int>
  ) throws(StorageError) -> Int {
    var filled = 0
    while filled < range.count {
      let rest = range.lowerBound + filled..<range.upperBound
      let count: Int
      do throws(Errno) {
        count = try storage.read(from: handle, at: offset + Int64(filled), into: &buffer, rest)
      } catch {
        throw StorageError(.read, path, error)
      }
      if count == 0 { break }
      filled += count
    }
    return filled
  }

  /// Reads `count` bytes at `offset`; fewer only at the end of the file.
  package func read(at offset: Int64, count: Int) throws(StorageError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let filled = try read(at: offset, into: &bytes, 0..<count)
    bytes.removeLast(count - filled)
    return bytes
  }

  /// The offset of the first byte at or after `offset` that was ever written; nil if there is none.
  package func nextData(from offset: Int64) throws(StorageError) -> Int64? {
    try naming(.inspect, path) { () throws(Errno) in
      try storage.nextData(in: handle, from: offset)
    }
  }

  /// Writes all the bytes, with as many calls as the storage needs.
  package func write(_ bytes: Span<UInt8>, at offset: Int64) throws(StorageError) {
    var written = 0
    while written < bytes.count {
      do throws(Errno) {
        let rest = bytes.extracting(written..<bytes.count)
        written += try storage.write(rest, to: handle, at: offset + Int64(written))
      } catch {
        throw StorageError(.write, path, error)
      }
    }
  }

  /// Extends the file to `length`, with its space allocated.
  package func reserve(upTo length: Int64) throws(StorageError) {
    try naming(.reserve, path) { () throws(Errno) in
      try storage.reserve(handle, upTo: length)
    }
  }

  // MARK: Durability

  /// Cuts the file to `length`. The new size need not be durable.
  package func truncate(to length: Int64) throws(StorageError) {
    try naming(.write, path) { () throws(Errno) in try storage.truncate(handle, to: length) }
  }

  /// Makes bytes and size durable. After an error the file must not be written again.
  package func sync() throws(StorageError) {
    try naming(.sync, path) { () throws(Errno) in try storage.sync(handle) }
  }

  /// Starts a sync; `finishedSync` reports its end.
  package func startSync() throws(StorageError) {
    try naming(.sync, path) { () throws(Errno) in try storage.startSync(handle) }
  }

  /// Whether the started sync is complete.
  package func finishedSync() throws(StorageError) -> Bool {
    try naming(.sync, path) { () throws(Errno) in try storage.finishedSync() }
  }

  // MARK: Locks

  /// Takes the whole-file lock together with others that share it. False if another open file holds
  /// it alone.
  package func tryShareLock() throws(StorageError) -> Bool {
    try naming(.lock, path) { () throws(Errno) in try storage.tryShareLock(handle) }
  }

  /// Takes the whole-file lock. False if another open file holds it.
  package func tryLock() throws(StorageError) -> Bool {
    try naming(.lock, path) { () throws(Errno) in try storage.tryLock(handle) }
  }

  package func isLockedByAnother() throws(StorageError) -> Bool {
    try naming(.lock, path) { () throws(Errno) in try storage.isLockedByAnother(handle) }
  }

  /// Lends the open file to code that shares its descriptor, and with it its lock. The code must
  /// not close it.
  package func lend<Value, Failure: Error>(
    _ body: (Store.Handle) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    try body(handle)
  }
}

/// The descriptor of a `File`, closed when its owner goes.
///
/// It is an object although it has one owner: Swift 6.3.1, optimizing, does not run the
/// deinitializer of a generic noncopyable structure that another module drops. Descriptors stayed
/// open, and with them the locks taken through them.
private final class OpenFile<Store: Storage> {
  let storage: Store
  let handle: Store.Handle
  private var isOpen = true

  init(_ path: String, _ mode: OpenMode, in storage: Store) throws(Errno) {
    handle = try storage.open(path, mode)
    self.storage = storage
  }

  deinit {
    // An error discarded the owner: that error is the one to report.
    if isOpen { try? storage.close(handle) }
  }

  func close() throws(Errno) {
    isOpen = false
    try storage.close(handle)
  }
}
