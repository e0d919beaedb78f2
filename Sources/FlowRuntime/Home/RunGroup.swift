import FlowCore
package import FlowStorage

/// A group of runs of which one at a time may live.
///
///     <home>/groups/<name>         names the run that was admitted last; its members share its lock
///     <home>/groups/<name>.gate    locked by the process that admits a run
///     <home>/groups/<name>.queue/  a file for each run that waits, locked by the process that waits
///
/// The members of the group are the processes of one run: its engine, and the launcher and the
/// monitors that have inherited the engine's open file. So the group is taken as long as anything of
/// the run lives, however its engine ended. A command holds nothing: where all of flow was killed, and
/// a command was not, only a search for it tells.
///
/// No lock survives a power loss. The name does: the run that it interrupted may be resumed.
package struct RunGroup<Store: Storage> {
  package let name: String
  private let home: RunHome<Store>

  package init(_ name: String, in home: RunHome<Store>) {
    self.name = name
    self.home = home
  }

  private var storage: Store { home.storage }
  private var groups: String { "\(home.path)/groups" }
  private var path: String { "\(groups)/\(Self.fileName(of: name))" }
  private var queue: String { "\(path).queue" }

  /// Characters that file names cannot have are escaped; so is `.`, which separates the suffix.
  private static func fileName(of name: String) -> String {
    var result = ""
    for byte in name.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
        result.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16)
        result += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
      }
    }
    if result.isEmpty { return "%" }
    // A name of 255 bytes is the longest that file systems take.
    if result.utf8.count <= 200 { return result }
    let hash = SplitMix64.hash(name.utf8.map(UInt64.init))
    return String(result.prefix(180)) + "%" + String(hash, radix: 16)
  }

  // MARK: Members

  /// Membership of a process in a group. It ends when this and all copies of the open file, in
  /// whatever process, are closed.
  package final class Membership {
    private let file: File<Store>

    fileprivate init(_ file: consuming File<Store>) {
      self.file = file
    }

    /// Lends the open file to be inherited.
    package var handle: Store.Handle { file.lend { $0 } }
  }

  package enum Admission {
    case admitted(Membership)
    /// Another run lives, or waits for its turn.
    case taken(by: String?)
    /// Another process is at the gate, which takes no time.
    case busy
  }

  /// Admits a run if no other lives, and none has waited longer.
  ///
  /// A run of which something lives is admitted again: it may be resumed.
  ///
  /// - Parameters:
  ///   - ticket: of the run, if it waits in the queue.
  ///   - hasCommands: whether a command of a run of which no process of flow is left still runs.
  package func admit(
    _ run: String, _ ticket: Ticket? = nil, hasCommands: (String) -> Bool
  ) throws(RunError) -> Admission {
    try prepare()
    let gate = try openOrCreate("\(path).gate")
    guard try Self.take(gate) else { return .busy }
    let members = try openOrCreate(path)
    let last = try lastRun(in: members)
    if last != run {
      let isLocked = try wrapping { () throws(StorageError) in try members.isLockedByAnother() }
      if isLocked { return .taken(by: last) }
      if try isAnyoneWaiting(before: ticket) { return .taken(by: last) }
      if let last, hasCommands(last) { return .taken(by: last) }
    }
    // No process has it alone: members share it, and the gate is held.
    let isShared = try wrapping { () throws(StorageError) in
      // A lock on a file that is no longer at its path excludes no process.
      if try members.tryShareLock() { try members.isAtItsPath() } else { false }
    }
    guard isShared else { return .busy }
    if last != run { try write(run, to: members) }
    ticket?.leave()
    do throws(StorageError) { try gate.close() } catch { throw .storage(error) }
    return .admitted(Membership(members))
  }

  /// The run that was admitted last; nil if none was.
  package func lastRun() throws(RunError) -> String? {
    do throws(StorageError) {
      return Self.decode(try File(path, .read, in: storage).read(at: 0, count: Self.recordSize))
    } catch {
      if error.errno == .noSuchFile || error.errno == .notDirectory { return nil }
      throw .storage(error)
    }
  }

  /// The run that lives; nil if none does, or it does not say which it is.
  package func livingRun() throws(RunError) -> String? {
    do throws(StorageError) {
      let file = try File(path, .read, in: storage)
      guard try file.isLockedByAnother() else { return nil }
      return Self.decode(try file.read(at: 0, count: Self.recordSize))
    } catch {
      if error.errno == .noSuchFile || error.errno == .notDirectory { return nil }
      throw .storage(error)
    }
  }

  // MARK: The queue

  /// The place of a run that waits. The run gives it up when its process ends.
  package final class Ticket {
    let number: String
    private let file: File<Store>
    private let queue: Folder<Store>

    fileprivate init(_ number: String, _ file: consuming File<Store>, in queue: Folder<Store>) {
      self.number = number
      self.file = file
      self.queue = queue
    }

    /// If it cannot be removed, it means nothing without its lock.
    fileprivate func leave() {
      try? queue.removeIfPresent(number)
    }
  }

  /// Takes the last place in the queue.
  ///
  /// - Returns: nil if another process is at the gate.
  package func queueUp() throws(RunError) -> Ticket? {
    try prepare()
    let gate = try openOrCreate("\(path).gate")
    guard try Self.take(gate) else { return nil }
    let folder = Folder(queue, in: storage)
    do throws(StorageError) {
      try folder.makeIfMissing()
      let last = try folder.names().last.flatMap { UInt64($0) } ?? 0
      let digits = String(last + 1)
      let number = String(repeating: "0", count: max(0, 20 - digits.utf8.count)) + digits
      let file = try folder.open(number, .create)
      _ = try file.tryLock()
      try gate.close()
      return Ticket(number, file, in: folder)
    } catch {
      throw .storage(error)
    }
  }

  /// Whether a process waits that came before the ticket; before everybody without one.
  private func isAnyoneWaiting(before ticket: Ticket?) throws(RunError) -> Bool {
    let folder = Folder(queue, in: storage)
    do throws(StorageError) {
      for number in try folder.namesIfPresent() {
        if number == ticket?.number { return false }
        do throws(StorageError) {
          if try folder.open(number, .read).isLockedByAnother() { return true }
        } catch {
          // It has just left.
          guard error.errno == .noSuchFile else { throw error }
        }
        // Its process is gone. Places are only given and taken while the gate is held.
        try folder.removeIfPresent(number)
      }
      return false
    } catch {
      throw .storage(error)
    }
  }

  // MARK: Files

  private static var recordSize: Int { 256 }

  /// The longest run id is shorter.
  private func write(_ run: String, to file: borrowing File<Store>) throws(RunError) {
    var bytes = Array(run.utf8)
    bytes += [UInt8](repeating: 0, count: max(0, Self.recordSize - bytes.count))
    do throws(StorageError) {
      try file.write(bytes.span, at: 0)
      try file.sync()
      for folder in [groups, home.path] { try Folder(folder, in: storage).sync() }
    } catch {
      throw .storage(error)
    }
  }

  private func lastRun(in file: borrowing File<Store>) throws(RunError) -> String? {
    do throws(StorageError) {
      return Self.decode(try file.read(at: 0, count: Self.recordSize))
    } catch {
      throw .storage(error)
    }
  }

  private static func decode(_ bytes: [UInt8]) -> String? {
    let id = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    return bytes.count == recordSize && RunID.isValid(id) ? id : nil
  }

  private func prepare() throws(RunError) {
    if try home.isThere(groups) { return }
    try home.prepare()
    try wrapping { () throws(StorageError) in
      try Folder(groups, in: storage).makeIfMissing()
    }
    _ = try home.isThere(groups)
  }

  private static func take(_ gate: borrowing File<Store>) throws(RunError) -> Bool {
    do throws(StorageError) {
      return if try gate.tryLock() { try gate.isAtItsPath() } else { false }
    } catch {
      throw .storage(error)
    }
  }

  private func openOrCreate(_ path: String) throws(RunError) -> File<Store> {
    do throws(StorageError) {
      do throws(StorageError) { return try File(path, .update, in: storage) } catch {
        guard error.errno == .noSuchFile else { throw error }
      }
      do throws(StorageError) { return try File(path, .create, in: storage) } catch {
        guard error.errno == .fileExists else { throw error }
      }
      return try File(path, .update, in: storage)
    } catch {
      throw .storage(error)
    }
  }
}
