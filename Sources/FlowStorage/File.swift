/// An open file with one owner. Whoever holds it must close it; if an error throws the owner away,
/// the descriptor is still given back.
package struct File<Store: Storage>: ~Copyable {
  package private(set) var path: String
  private let open: OpenFile<Store>

  private var storage: Store { open.storage }
  private var handle: Store.Handle { open.handle }

  package init(_ path: String, _ mode: OpenMode, in storage: Store) throws(StorageError) {
    do throws(Errno) {
      open = try OpenFile(path, mode, in: storage)
    } catch {
      throw StorageError(mode == .create ? .create : .open, path, error)
    }
    self.path = path
  }

  package consuming func close() throws(StorageError) {
    do throws(Errno) {
      try open.close()
    } catch {
      throw StorageError(.close, path, error)
    }
  }

  /// Gives the file a name that must be free. The name is durable when its folder is synced.
  package mutating func rename(to newPath: String) throws(StorageError) {
    do throws(Errno) {
      try storage.rename(path, to: newPath, replacing: false)
    } catch {
      throw StorageError(.rename, path, error)
    }
    path = newPath
  }

  /// The folder that holds the file has another name now.
  package mutating func folderWasRenamed(to folder: String) {
    let name = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[path.index(after: $0)...] }
    path = "\(folder)/\(name ?? Substring(path))"
  }

  /// Lends the open file description to what shares it. It may not be closed.
  package func lend<Value, Failure: Error>(
    _ body: (Store.Handle) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    try body(handle)
  }

  /// Whether the file can still be found where it was opened. Bytes of one that cannot are lost when
  /// it is closed, and its lock keeps nobody out.
  package func isAtItsPath() throws(StorageError) -> Bool {
    do throws(Errno) { return try storage.isStill(handle, at: path) } catch {
      throw StorageError(.inspect, path, error)
    }
  }

  package func size() throws(StorageError) -> Int64 {
    do throws(Errno) { return try storage.size(of: handle) } catch {
      throw StorageError(.inspect, path, error)
    }
  }

  /// Fills `range` of `buffer` from the file, or as much of it as there is; returns how many bytes.
  package func read(
    at offset: Int64, into buffer: inout [UInt8], _ range: Range<Int>
  ) throws(StorageError) -> Int {
    var filled = 0
    while filled < range.count {
      let count: Int
      do throws(Errno) {
        count = try storage.read(
          from: handle, at: offset + Int64(filled), into: &buffer,
          range.lowerBound + filled..<range.upperBound)
      } catch {
        throw StorageError(.read, path, error)
      }
      if count == 0 { break }
      filled += count
    }
    return filled
  }

  /// Where the first byte at or after `offset` is that was ever written; nil if none is.
  package func nextData(from offset: Int64) throws(StorageError) -> Int64? {
    do throws(Errno) { return try storage.nextData(in: handle, from: offset) } catch {
      throw StorageError(.inspect, path, error)
    }
  }

  /// Reads `count` bytes at `offset`; fewer only at the end of the file.
  package func read(at offset: Int64, count: Int) throws(StorageError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let filled = try read(at: offset, into: &bytes, 0..<count)
    bytes.removeLast(count - filled)
    return bytes
  }

  /// Writes all the bytes, going on where the system took only a part.
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

  /// Extends the file to `length`, with its room allocated.
  package func reserve(upTo length: Int64) throws(StorageError) {
    do throws(Errno) { try storage.reserve(handle, upTo: length) } catch {
      throw StorageError(.reserve, path, error)
    }
  }

  /// Makes bytes and size durable. After an error the file must not be written again.
  package func sync() throws(StorageError) {
    do throws(Errno) { try storage.sync(handle) } catch {
      throw StorageError(.sync, path, error)
    }
  }

  /// Begins a sync; see `finishedSync`.
  package func startSync() throws(StorageError) {
    do throws(Errno) { try storage.startSync(handle) } catch {
      throw StorageError(.sync, path, error)
    }
  }

  /// Whether the sync that was begun is done.
  package func finishedSync() throws(StorageError) -> Bool {
    do throws(Errno) { return try storage.finishedSync() } catch {
      throw StorageError(.sync, path, error)
    }
  }

  package func tryLock() throws(StorageError) -> Bool {
    do throws(Errno) { return try storage.tryLock(handle) } catch {
      throw StorageError(.lock, path, error)
    }
  }

  package func isLockedByAnother() throws(StorageError) -> Bool {
    do throws(Errno) { return try storage.isLockedByAnother(handle) } catch {
      throw StorageError(.lock, path, error)
    }
  }
}

/// The descriptor of a `File`, given back when its owner lets go of it.
///
/// An object, although it has but one owner: Swift 6.3.1, optimizing, does not run the deinitializer
/// of a generic structure that cannot be copied where another module lets go of it. Descriptors
/// stayed open then, and with them the locks that were taken through them.
private final class OpenFile<Store: Storage> {
  let storage: Store
  let handle: Store.Handle
  private var isOpen = true

  init(_ path: String, _ mode: OpenMode, in storage: Store) throws(Errno) {
    handle = try storage.open(path, mode)
    self.storage = storage
  }

  deinit {
    // An owner that was thrown away by an error: that error is the one to report.
    if isOpen { try? storage.close(handle) }
  }

  func close() throws(Errno) {
    isOpen = false
    try storage.close(handle)
  }
}
