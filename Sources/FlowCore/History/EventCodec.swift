/// Encodes and decodes events.
///
/// A *block* of consecutive events is self-contained: its first event carries the absolute time,
/// later wake-ups carry differences. An event is
///
///     kind × 2 + startsWakeUp   varint
///     time                      where it starts a wake-up, or is the first of its block
///     fields                    by kind
///
/// The fields of a kind never change. A field added later is tagged (`FieldCoding`), and an event
/// with such fields is an *extended* event: it begins with the kind 0, which no event has,
///
///     0 × 2 + startsWakeUp      varint
///     kind                      varint
///     time, fields              as above
///     length, tagged fields
///
/// An earlier flow therefore sees an unknown kind and reports that a newer flow wrote it, as this
/// one does for unknown tags. A tagged field is left out where it has its default, and an event
/// without tagged fields is not extended. The tagged fields so far:
///
///     runCreated    1   group
///                   2   onConflict, only with a group
///                   3   parameters
///                   4   the steps that are left out
///                   5   the name of the definition file
///                   6   what the run before came to
///                   7   its work is synced: no bytes
///                   8   which items it has of nodes
///     runReopened   1   scope: what follows from a step runs again too
///                   2   the steps that were named
///                   3   order: it holds across steps that do not run again
///     attemptEnded  1   interrupted: no bytes
///                   2   the signal that a shell reports
///                   4   size of the output
///                   5   how much of it was discarded
///                   6   whether the disk was full: 1
///                   7   secrets may be left in the output: no bytes
///                   8   the secret because of which nothing was launched
///                   9   what is wrong with its value
///                   10  why its outputs are not taken
///
/// Sequence numbers are not stored: they continue from the first number of the block.
package struct EventEncoder {
  private var writer = ByteWriter()
  private var previous: Moment?

  package init() {}

  package var byteCount: Int { writer.bytes.count }

  package mutating func append(_ event: Event) {
    let isExtended = event.body.isExtended
    let code = UInt64(event.body.kind.rawValue)
    writer.write((isExtended ? 0 : code << 1) | (event.startsWakeUp ? 1 : 0))
    if isExtended { writer.write(code) }
    if event.startsWakeUp || previous == nil {
      writer.write(event.moment, after: previous)
      previous = event.moment
    }
    writer.write(event.body)
    if isExtended { writer.writeNested { $0.writeTagged(event.body) } }
  }

  /// Ends the block and returns its bytes; the next event begins another.
  package mutating func finish() -> [UInt8] {
    previous = nil
    defer { writer.bytes.removeAll(keepingCapacity: true) }
    return writer.bytes
  }
}

/// Reads the events of one block.
package struct EventDecoder {
  private var reader: ByteReader
  private var sequence: Int64
  private var previous: Moment?

  private static let extendedKind: UInt64 = 0

  /// - Parameter first: the sequence number of the first event.
  package init(_ bytes: [UInt8], first: Int64) {
    reader = ByteReader(bytes)
    sequence = first
  }

  /// The next event; nil at the end of the block.
  package mutating func next() throws(CodingError) -> Event? {
    if reader.isAtEnd { return nil }
    let start = reader.position
    let head = try reader.readUnsigned()
    let isExtended = head >> 1 == Self.extendedKind
    let code = isExtended ? try reader.readUnsigned() : head >> 1
    guard let kind = UInt8(exactly: code).flatMap(EventKind.init(rawValue:)) else {
      throw CodingError(offset: start, reason: .newer("an event has the kind \(code)"))
    }
    let startsWakeUp = head & 1 == 1
    let moment: Moment
    if let previous, !startsWakeUp {
      moment = previous
    } else {
      moment = try reader.readMoment(after: previous)
      previous = moment
    }
    var body = try reader.readBody(of: kind)
    if isExtended { try reader.readExtension(of: &body) }
    // Wraps around after the largest number: no history has an event after it.
    defer { sequence &+= 1 }
    return Event(sequence: sequence, moment: moment, startsWakeUp: startsWakeUp, body: body)
  }
}

extension ByteWriter {
  /// Monotonic time, and the offset of wall time from it, which rarely changes.
  fileprivate mutating func write(_ moment: Moment, after previous: Moment?) {
    write(signed: moment.monotonic.microseconds &- (previous?.monotonic.microseconds ?? 0))
    write(signed: moment.wallOffset &- (previous?.wallOffset ?? 0))
  }

  fileprivate mutating func write(_ body: Event.Body) {
    switch body {
    case .runCreated(let created): write(created)
    case .definitionPart(let bytes): write(bytes)
    case .engineStarted(let engine):
      write(count: engine.life)
      write(count: engine.processID)
      write(engine.host.bootID)
      write(engine.host.mountID)
      write(engine.host.processNamespace)
    case .attemptLaunched(let attempt, let processID):
      write(attempt)
      write(count: processID)
    case .deadlinePassed(let attempt): write(attempt)
    case .attemptEnded(let attempt, let end):
      write(attempt)
      write(end)
    case .outputsPublished(let attempt, let parts):
      write(attempt)
      write(list: parts) {
        $0.write(count: $1.output)
        $0.write($1.bytes)
      }
    case .attemptWithdrawn(let attempt): write(attempt)
    case .cancelRequested(let request):
      write(request.id)
      write(request.force)
    case .answered(let step, let answer):
      write(count: step)
      write(answer)
    case .timerFired(let timer): write(timer)
    case .attemptFound(let attempt, let finding):
      write(attempt)
      write(finding)
    case .clockJumped(let microseconds): write(signed: microseconds)
    case .roomReturned(let waitedMicroseconds, _): write(count: waitedMicroseconds)
    case .workSynced(let sequence, let failure):
      write(count: sequence)
      write(count: failure ?? 0)
    case .runReopened(let requests, _): write(list: requests) { $0.write($1) }
    case .attemptScheduled(let attempt): write(attempt)
    case .retryScheduled(let attempt, let delayMilliseconds):
      write(attempt)
      write(count: delayMilliseconds)
    case .rerunScheduled(let attempt): write(attempt)
    case .probeScheduled(let attempt): write(attempt)
    case .publishScheduled(let attempt, let completes):
      write(attempt)
      write(completes)
    case .stopRequested(let attempt, let force):
      write(attempt)
      write(force)
    case .asked(let step): write(count: step)
    case .stepExpanded(let step, let expansion):
      write(count: step)
      write(expansion)
    case .stepFinished(let step, let outcome):
      write(count: step)
      bytes.append(outcome.rawValue)
    case .stepSkipped(let step, let reason):
      write(count: step)
      write(reason)
    case .runStopping(let reason): write(reason)
    case .runConcluding(let outcome): bytes.append(outcome.rawValue)
    case .runConcluded(let outcome): bytes.append(outcome.rawValue)
    case .runFinished(let outcome): bytes.append(outcome.rawValue)
    }
  }

  private mutating func write(_ created: RunCreated) {
    write(created.runID)
    write(created.seed)
    write(count: created.policyVersion)
    write(created.programVersion)
    write(count: created.jobs)
    write(created.definitionFolder)
    write(count: created.definitionByteCount)
  }

  private mutating func write(_ attempt: AttemptID) {
    write(count: attempt.step)
    write(count: attempt.number)
  }

  private mutating func write(_ end: AttemptEnd) {
    // Result, cause and the presence of stragglers share a byte.
    let hasRemains = end.stragglers != 0 || end.unkillable != 0
    let cause = end.cause.rawValue << 2 | (hasRemains ? Self.remainsFlag : 0)
    switch end.result {
    case .exited(let code): bytes += [cause | 0, code]
    case .signalled(let signal): bytes += [cause | 1, signal]
    case .launchFailed(let failure):
      bytes += [cause | 2, failure.operation.rawValue]
      write(count: failure.errno)
    case .lost: bytes.append(cause | 3)
    }
    write(count: end.durationMicroseconds)
    write(count: end.cpuMicroseconds)
    write(count: end.peakMemoryKibibytes)
    if hasRemains {
      write(count: end.stragglers)
      write(count: end.unkillable)
    }
  }

  fileprivate static let remainsFlag: UInt8 = 0x80

  private mutating func write(_ finding: AttemptFinding) {
    switch finding {
    case .neverLaunched: bytes.append(0)
    case .running(let processID, let microseconds):
      bytes.append(1)
      write(count: processID)
      write(count: microseconds)
    case .unsynced: bytes.append(2)
    }
  }

  private mutating func write(_ timer: TimerID) {
    switch timer {
    case .retry(let step):
      bytes.append(0)
      write(count: step)
    case .runTimeout: bytes.append(1)
    case .launchPause: bytes.append(2)
    case .question(let step):
      bytes.append(3)
      write(count: step)
    case .slow(let step):
      bytes.append(4)
      write(count: step)
    }
  }

  private mutating func write(_ reason: SkipReason) {
    switch reason {
    case .need(let step):
      bytes.append(0)
      write(count: step)
    case .runStopping: bytes.append(1)
    case .notSelected: bytes.append(2)
    case .condition(let inputs):
      bytes.append(3)
      write(list: inputs) {
        $0.write($1.name)
        $0.write($1.value)
      }
    case .nothingFailed: bytes.append(4)
    case .nothingToTell: bytes.append(5)
    case .noItems: bytes.append(6)
    case .removed: bytes.append(7)
    case .siblingsFailed: bytes.append(8)
    }
  }

  private mutating func write(_ expansion: Expansion) {
    switch expansion {
    case .children(let count, let added):
      bytes.append(0)
      write(count: count)
      write(count: added)
    case .fault(let fault):
      bytes += [1, fault.kind.rawValue]
      write(count: fault.place)
    }
  }

  private mutating func write(_ reason: StopReason) {
    switch reason {
    case .cancelled: bytes.append(0)
    case .timedOut: bytes.append(1)
    case .failFast(let step):
      bytes.append(2)
      write(count: step)
    case .workNotSynced: bytes.append(3)
    case .workLost: bytes.append(4)
    }
  }
}

extension ByteReader {
  fileprivate mutating func readMoment(after previous: Moment?) throws(CodingError) -> Moment {
    let monotonic = try readSigned() &+ (previous?.monotonic.microseconds ?? 0)
    let wallOffset = try readSigned() &+ (previous?.wallOffset ?? 0)
    return Moment(
      monotonic: Instant(microseconds: monotonic),
      wall: WallTime(microseconds: monotonic &+ wallOffset))
  }

  fileprivate mutating func readBody(of kind: EventKind) throws(CodingError) -> Event.Body {
    switch kind {
    case .runCreated: .runCreated(try readRunCreated())
    case .definitionPart: .definitionPart(try readBytes())
    case .engineStarted:
      .engineStarted(
        EngineStarted(
          life: try readCount(), processID: try readCount(),
          host: HostContext(
            bootID: try readString(), mountID: try readUnsigned(),
            processNamespace: try readUnsigned())))
    case .attemptLaunched: .attemptLaunched(try readAttempt(), processID: try readCount())
    case .deadlinePassed: .deadlinePassed(try readAttempt())
    case .attemptEnded: .attemptEnded(try readAttempt(), try readEnd())
    case .outputsPublished:
      .outputsPublished(
        try readAttempt(),
        try readList { (reader) throws(CodingError) in
          OutputPart(output: try reader.readCount(), bytes: try reader.readBytes())
        })
    case .attemptWithdrawn: .attemptWithdrawn(try readAttempt())
    case .cancelRequested:
      .cancelRequested(CancelRequest(id: try readUnsigned(), force: try readBool()))
    case .answered: .answered(step: try readCount(), try readAnswer())
    case .timerFired: .timerFired(try readTimer())
    case .attemptFound: .attemptFound(try readAttempt(), try readFinding())
    case .clockJumped: .clockJumped(microseconds: try readSigned())
    case .roomReturned: .roomReturned(waitedMicroseconds: try readCount())
    case .workSynced: .workSynced(through: try readCount(), failure: try readFailure())
    case .runReopened:
      .runReopened(
        ignoring: try readList { (reader) throws(CodingError) in try reader.readUnsigned() })
    case .attemptScheduled: .attemptScheduled(try readAttempt())
    case .retryScheduled: .retryScheduled(try readAttempt(), delayMilliseconds: try readCount())
    case .rerunScheduled: .rerunScheduled(try readAttempt())
    case .probeScheduled: .probeScheduled(try readAttempt())
    case .publishScheduled:
      .publishScheduled(try readAttempt(), completes: try readBool())
    case .stopRequested: .stopRequested(try readAttempt(), force: try readBool())
    case .asked: .asked(step: try readCount())
    case .stepExpanded: .stepExpanded(step: try readCount(), try readExpansion())
    case .stepFinished: .stepFinished(step: try readCount(), try readCase("outcome"))
    case .stepSkipped: .stepSkipped(step: try readCount(), try readSkipReason())
    case .runStopping: .runStopping(try readStopReason())
    case .runConcluding: .runConcluding(try readCase("outcome"))
    case .runConcluded: .runConcluded(try readCase("outcome"))
    case .runFinished: .runFinished(try readCase("outcome"))
    }
  }

  private mutating func readRunCreated() throws(CodingError) -> RunCreated {
    RunCreated(
      runID: try readString(), seed: try readUnsigned(), policyVersion: try readCount(),
      programVersion: try readString(), jobs: try readCount(),
      definitionFolder: try readString(), definitionByteCount: try readCount())
  }

  private mutating func readAttempt() throws(CodingError) -> AttemptID {
    AttemptID(step: try readCount(), number: try readCount())
  }

  private mutating func readEnd() throws(CodingError) -> AttemptEnd {
    let start = position
    let head = try readByte()
    let hasRemains = head & ByteWriter.remainsFlag != 0
    guard let cause = AttemptEnd.Cause(rawValue: (head & ~ByteWriter.remainsFlag) >> 2) else {
      throw CodingError(offset: start, reason: .newer("an end has the cause \((head & 0x7F) >> 2)"))
    }
    let result: AttemptEnd.Result =
      switch head & 3 {
      case 0: .exited(code: try readByte())
      case 1: .signalled(signal: try readByte())
      case 2:
        .launchFailed(LaunchFailure(operation: try readCase("operation"), errno: try readCount()))
      default: .lost
      }
    var end = AttemptEnd(
      result: result, cause: cause, durationMicroseconds: try readCount(),
      cpuMicroseconds: try readCount(), peakMemoryKibibytes: try readCount())
    if hasRemains {
      end.stragglers = try readCount()
      end.unkillable = try readCount()
      // Otherwise an end would have two encodings.
      guard end.stragglers != 0 || end.unkillable != 0 else {
        throw CodingError(offset: start, reason: .malformed("end of an attempt"))
      }
    }
    return end
  }

  private mutating func readFinding() throws(CodingError) -> AttemptFinding {
    let code = try readByte()
    switch code {
    case 0: return .neverLaunched
    case 1:
      return .running(processID: try readCount(), forMicroseconds: try readCount())
    case 2: return .unsynced
    default: throw .newer("finding", code, at: position - 1)
    }
  }

  private mutating func readTimer() throws(CodingError) -> TimerID {
    let code = try readByte()
    switch code {
    case 0: return .retry(step: try readCount())
    case 1: return .runTimeout
    case 2: return .launchPause
    case 3: return .question(step: try readCount())
    case 4: return .slow(step: try readCount())
    default: throw .newer("timer", code, at: position - 1)
    }
  }

  private mutating func readSkipReason() throws(CodingError) -> SkipReason {
    let code = try readByte()
    switch code {
    case 0: return .need(step: try readCount())
    case 1: return .runStopping
    case 2: return .notSelected
    case 3:
      return .condition(
        try readList { (reader) throws(CodingError) in
          ConditionInput(name: try reader.readString(), value: try reader.readString())
        })
    case 4: return .nothingFailed
    case 5: return .nothingToTell
    case 6: return .noItems
    case 7: return .removed
    case 8: return .siblingsFailed
    default: throw .newer("reason to skip", code, at: position - 1)
    }
  }

  private mutating func readExpansion() throws(CodingError) -> Expansion {
    let code = try readByte()
    switch code {
    case 0: return .children(count: try readCount(), added: try readCount())
    case 1: return .fault(ItemFault(try readCase("items"), try readCount()))
    default: throw .newer("expansion", code, at: position - 1)
    }
  }

  /// An error number; nil for none.
  private mutating func readFailure() throws(CodingError) -> Int32? {
    let number: Int32 = try readCount()
    return number == 0 ? nil : number
  }

  private mutating func readStopReason() throws(CodingError) -> StopReason {
    let code = try readByte()
    switch code {
    case 0: return .cancelled
    case 1: return .timedOut
    case 2: return .failFast(step: try readCount())
    case 3: return .workNotSynced
    case 4: return .workLost
    default: throw .newer("reason to stop", code, at: position - 1)
    }
  }
}

extension CodingError {
  /// - Parameter what: names the type without a case for the value.
  static func newer(_ what: String, _ code: UInt8, at offset: Int) -> CodingError {
    CodingError(offset: offset, reason: .newer("\(what) has the value \(code)"))
  }
}

extension Moment {
  /// How far wall time is ahead of monotonic time. Wraps around for hostile logs.
  fileprivate var wallOffset: Int64 { wall.microseconds &- monotonic.microseconds }
}
