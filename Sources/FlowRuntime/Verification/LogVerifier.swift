import FlowCore
import FlowLog
package import FlowStorage

/// Reads a whole log and checks it at every level: segments with their checksums and chains, the
/// encoding of events, their order, every decision, and the files of the attempts. Memory holds one
/// frame at a time, and the run's state.
package struct LogVerifier<Store: Storage> {
  /// What is verified.
  package enum Subject {
    /// - Parameter id: of the run; nil if the folder may have any name.
    case run(RunFolder, id: String?)
    /// A folder of segments, outside a run.
    case log(String)
  }

  private let storage: Store
  private let boot: BootMark
  private let folder: RunFolder?
  private let id: String?
  /// Whether this process itself holds the run's lock.
  private var isHeldHere = false
  private var report: LogReport
  private var check: HistoryCheck
  /// The segment that was read last.
  private var lastPath: String?
  /// Whether the events so far are valid, so that the next one can be checked.
  private var isSound = true

  /// - Parameter bootID: of the current boot.
  /// - Throws: if the storage fails, which says nothing about the log.
  package static func verify(
    _ subject: Subject, in storage: Store, bootID: String
  ) throws(RunError) -> LogReport {
    var verifier = try LogVerifier(subject, storage, BootMark(bootID))
    try verifier.verify()
    return verifier.report
  }

  /// Verifies the log of a run whose lock this process holds.
  static func verify(
    held folder: RunFolder, in storage: Store, _ bootID: String
  ) throws(RunError) -> LogReport {
    var verifier = try LogVerifier(.run(folder, id: nil), storage, BootMark(bootID))
    verifier.isHeldHere = true
    try verifier.verify()
    return verifier.report
  }

  private init(_ subject: Subject, _ storage: Store, _ boot: BootMark) throws(RunError) {
    self.storage = storage
    self.boot = boot
    switch subject {
    case .run(let folder, let id):
      self.folder = folder
      self.id = id
      report = LogReport(log: folder.log)
    case .log(let path):
      folder = nil
      id = nil
      report = LogReport(log: path)
    }
    // Before the history is read: see `AttemptTraces`.
    check = HistoryCheck(try AttemptTraces(folder, in: storage))
  }

  private mutating func verify() throws(RunError) {
    let holder = try holder()
    if case .engine(let record)? = holder {
      let isOfThisBoot = record?.boot == boot
      report.engine = .init(processID: isOfThisBoot ? record?.processID : nil)
    }
    do throws(LogError) {
      try readAll(source(holder))
    } catch {
      if error.isOfStorage { throw .log(error) }
      add(problem(error))
    }
    finish(holder)
  }

  private func holder() throws(RunError) -> HolderRecord.Holder? {
    guard let folder else { return nil }
    let holder = try HolderRecord.holder(of: folder, in: storage)
    guard isHeldHere, case .engine(let record) = holder else { return holder }
    return .free(last: record)
  }

  /// How much of the log counts as durable.
  private func source(_ holder: HolderRecord.Holder?) -> LogSource {
    switch holder {
    case .engine(let record?) where record.boot == boot: .live(durable: record.durable)
    case .free, .engine(nil), nil: .dead
    // The record is of an earlier boot: the engine is about to recover the log.
    case .engine: .recovering
    }
  }

  // MARK: Reading

  private mutating func readAll(_ source: LogSource) throws(LogError) {
    var reader = try open(source)
    do throws(LogError) {
      while let frame = try reader.next() { take(frame, &reader) }
    } catch {
      note(reader)
      // `LogRepair` starts from the same end.
      report.isRepairable = (try? reader.endBefore(error)) == true
      throw error
    }
    note(reader)
    report.tail = reader.tail
    guard let tail = reader.tail else { return }
    if case .intact = tail.verdict { return }
    report.isRepairable = true
    add(LogProblem(.tail(tail), in: tail.path, at: tail.offset, event: nextEvent))
  }

  private func open(_ source: LogSource) throws(LogError) -> LogReader<Store> {
    do throws(LogError) {
      return try LogReader.open(
        report.log, in: storage, source, dictionary: EventDictionary.version1)
    } catch {
      // On a read-only file system nothing can wait for a sync.
      guard source == .dead, case .storage(let failure) = error.reason,
        failure.errno == .readOnly
      else { throw error }
      return try LogReader.open(
        report.log, in: storage, .recovering, dictionary: EventDictionary.version1)
    }
  }

  private mutating func take(_ frame: LogFrame, _ reader: inout LogReader<Store>) {
    report.frames += 1
    // The bytes before the frame were counted, or are the segment's header.
    if frame.path != lastPath { report.bytes += frame.offset }
    report.bytes += Int64(frame.byteCount)
    lastPath = frame.path
    guard isSound else { return }
    let payload = reader.withPayload { span in
      unsafe span.withUnsafeBufferPointer { unsafe Array($0) }
    }
    if let problem = check.apply(frame, payload) {
      isSound = false
      add(problem)
    } else if frame.endsCommit {
      report.commits += 1
    }
  }

  private mutating func note(_ reader: borrowing LogReader<Store>) {
    report.position = reader.position
  }

  private mutating func add(_ problem: LogProblem) {
    report.problems.append(problem)
  }

  private func problem(_ error: LogError) -> LogProblem {
    let offset: Int64? =
      switch error.reason {
      case .empty, .damaged(.missingSegment): nil
      case .damaged, .newer, .storage, .writerFailed: error.offset
      }
    // The next segment is opened before this one is read to its end.
    let isNext = error.path == lastPath
    return LogProblem(.log(error), in: error.path, at: offset, event: isNext ? nextEvent : nil)
  }

  private var nextEvent: Int64? { isSound ? check.lastSequence + 1 : nil }

  // MARK: Beyond the segments

  private mutating func finish(_ holder: HolderRecord.Holder?) {
    report.lastSequence = check.lastSequence
    report.runID = check.created?.runID
    report.state = check.state
    report.notes = check.notes
    if let id, let recorded = report.runID, recorded != id {
      add(LogProblem(.otherRun(recorded: recorded, expected: id), in: report.log, event: 1))
    }
    // If the events were not read to the end, missing ones are no further problem.
    if isSound && report.problems.allSatisfy(\.isTail) {
      if check.lastSequence == 0 { add(LogProblem(.undefined, in: report.log, event: 1)) }
      checkClaim(holder)
      report.problems += check.contradictions
    }
    let isHopeless = report.problems.contains { !$0.isTail && !$0.isAtTheEnd }
    if !isSound || isHopeless || report.engine != nil { report.isRepairable = false }
  }

  /// Compares the history with the last engine's record, which was true when it was written.
  private mutating func checkClaim(_ holder: HolderRecord.Holder?) {
    guard let folder, case .free(let record?)? = holder else { return }
    guard record.lastSequence > check.lastSequence else {
      // An engine publishes a commit before it acts on it. After a power loss the record may be
      // older.
      report.isAllClaimed = record.boot == boot
      return
    }
    add(
      LogProblem(
        .claimedDurable(through: record.lastSequence, last: check.lastSequence), in: folder.lock,
        event: check.lastSequence + 1))
  }
}

extension LogProblem {
  var isTail: Bool {
    if case .tail = cause { true } else { false }
  }

  /// Whether `LogReader.endBefore` may find an end of the log before this damage.
  fileprivate var isAtTheEnd: Bool {
    if case .log = cause { true } else { false }
  }
}

extension LogError {
  /// Whether it is a failure of the storage, which says nothing about the log.
  var isOfStorage: Bool {
    switch reason {
    case .storage, .writerFailed: true
    case .empty, .damaged, .newer: false
    }
  }
}
