import FlowCore
import Testing

@Suite struct EventCodecTests {
  @Test(arguments: EventKind.allCases)
  func everyKindRoundTrips(kind: EventKind) throws {
    var generator = Generator(seed: UInt64(kind.rawValue))
    for _ in 0..<500 {
      let event = Event(
        sequence: 7, moment: generator.moment(), startsWakeUp: generator.chance(in: 2),
        body: generator.body(of: kind))
      #expect(try decode(encode([event]), first: 7) == [event])
    }
  }

  @Test(arguments: AttemptEnd.Cause.allCases)
  func everyEndRoundTrips(cause: AttemptEnd.Cause) throws {
    var results: [AttemptEnd.Result] = [.lost]
    for value in UInt8.min...UInt8.max {
      results += [.exited(code: value), .signalled(signal: value)]
    }
    for operation in LaunchFailure.Operation.allCases {
      results.append(.launchFailed(LaunchFailure(operation: operation, errno: 13)))
    }
    for result in results {
      let end = AttemptEnd(result: result, cause: cause, durationMicroseconds: 1)
      let event = Self.event(.attemptEnded(AttemptID(step: 0, number: 1), end))
      #expect(try decode(encode([event]), first: 1) == [event])
    }
  }

  /// The bytes of version 1, which no later version may change.
  @Test(
    arguments: [
      (
        Event.Body.runCreated(
          RunCreated(
            runID: "r", seed: 300, policyVersion: 1, programVersion: "1.0", jobs: 4,
            definitionFolder: "/w", definitionByteCount: 200)),
        "02 02 04 01 72 ac 02 01 03 31 2e 30 04 02 2f 77 c8 01"
      ),
      (.definitionPart([0xDE, 0xAD]), "04 02 04 02 de ad"),
      (
        .engineStarted(EngineStarted(life: 1, processID: 128, host: HostContext(bootID: "b"))),
        "06 02 04 01 80 01 01 62 00 00"
      ),
      (.attemptLaunched(AttemptID(step: 5, number: 2), processID: 9), "08 02 04 05 02 09"),
      (.deadlinePassed(AttemptID(step: 5, number: 2)), "0a 02 04 05 02"),
      (.attemptEnded(AttemptID(step: 5, number: 2), .exit(7)), "0c 02 04 05 02 00 07 03 00 00"),
      (
        .attemptEnded(AttemptID(step: 5, number: 2), .signal(9, cause: .force)),
        "0c 02 04 05 02 0d 09 03 00 00"
      ),
      (
        .attemptEnded(AttemptID(step: 5, number: 2), .launchFailure(errno: 2)),
        "0c 02 04 05 02 02 02 02 03 00 00"
      ),
      (.attemptEnded(AttemptID(step: 5, number: 2), .lost), "0c 02 04 05 02 03 03 00 00"),
      (.attemptWithdrawn(AttemptID(step: 5, number: 2)), "0e 02 04 05 02"),
      (.cancelRequested(CancelRequest(id: 6, force: true)), "10 02 04 06 01"),
      (.timerFired(.retry(step: 5)), "12 02 04 00 05"),
      (.timerFired(.runTimeout), "12 02 04 01"),
      (.timerFired(.launchPause), "12 02 04 02"),
      (.timerFired(.slow(step: 5)), "12 02 04 04 05"),
      (
        .attemptEnded(
          AttemptID(step: 5, number: 2),
          AttemptEnd(
            result: .exited(code: 7), cause: .stop, durationMicroseconds: 3, cpuMicroseconds: 200,
            peakMemoryKibibytes: 4, stragglers: 1, unkillable: 2)),
        "0c 02 04 05 02 88 07 03 c8 01 04 01 02"
      ),
      (
        .attemptEnded(
          AttemptID(step: 5, number: 2),
          AttemptEnd(
            result: .signalled(signal: 15), cause: .byItself, durationMicroseconds: 3,
            wasInterrupted: true)),
        "00 06 02 04 05 02 01 0f 03 00 00 02 01 00"
      ),
      (
        .attemptEnded(
          AttemptID(step: 5, number: 2),
          AttemptEnd(
            result: .exited(code: 137), cause: .byItself, durationMicroseconds: 3,
            shellSignal: 9)),
        "00 06 02 04 05 02 00 89 03 00 00 03 02 01 09"
      ),
      (
        .outputsPublished(
          AttemptID(step: 5, number: 2), [OutputPart(output: 1, bytes: Array("ab".utf8))]),
        "56 02 04 05 02 01 01 02 61 62"
      ),
      (
        .attemptEnded(
          AttemptID(step: 5, number: 2), .refused(OutputRefusal(.tooLarge, "x"))),
        "00 06 02 04 05 02 00 00 03 00 00 04 0a 02 02 78"
      ),
      (.attemptFound(AttemptID(step: 5, number: 2), .neverLaunched), "14 02 04 05 02 00"),
      (
        .attemptFound(
          AttemptID(step: 5, number: 2), .running(processID: 9, forMicroseconds: 8)),
        "14 02 04 05 02 01 09 08"
      ),
      (.clockJumped(microseconds: -2), "16 02 04 03"),
      (.roomReturned(waitedMicroseconds: 9), "18 02 04 09"),
      (.roomReturned(waitedMicroseconds: 9, of: .processes), "00 0c 02 04 09 03 01 01 01"),
      (.workSynced(through: 300, failure: nil), "5c 02 04 ac 02 00"),
      (.workSynced(through: 9, failure: 5), "5c 02 04 09 05"),
      (.runReopened(ignoring: [7, 300]), "1a 02 04 02 07 ac 02"),
      (
        .runCreated(created(group: "g", .fail)),
        "00 01 02 04 01 72 00 02 00 01 00 01 03 01 01 67"
      ),
      (
        .runCreated(created(group: "", .replace)),
        "00 01 02 04 01 72 00 02 00 01 00 01 05 01 00 02 01 04"
      ),
      (.runReopened(ignoring: [7], scope: .withDependents), "00 0d 02 04 01 07 03 01 01 01"),
      (
        .runReopened(ignoring: [], scope: .only(StepSet([3, 5, 6]))),
        "00 0d 02 04 00 06 02 04 03 01 01 02"
      ),
      (
        .runReopened(ignoring: [], scope: .from(StepSet([0]))),
        "00 0d 02 04 00 07 01 01 01 02 02 00 01"
      ),
      (
        .runReopened(ignoring: [], scope: .only(StepSet([0, 2])).holdingOrder),
        "00 0d 02 04 00 09 02 04 00 01 01 01 03 01 01"
      ),
      (
        .runCreated(created(unselected: StepSet(1...300))),
        "00 01 02 04 01 72 00 02 00 01 00 01 05 04 03 01 ac 02"
      ),
      (
        .runCreated(created(file: "w.yaml")),
        "00 01 02 04 01 72 00 02 00 01 00 01 08 05 06 77 2e 79 61 6d 6c"
      ),
      (
        .runCreated(created(after: .failed)),
        "00 01 02 04 01 72 00 02 00 01 00 01 03 06 01 01"
      ),
      (.probeScheduled(AttemptID(step: 5, number: 2)), "50 02 04 05 02"),
      (
        .publishScheduled(AttemptID(step: 5, number: 2), completes: true), "62 02 04 05 02 01"
      ),
      (.attemptScheduled(AttemptID(step: 5, number: 2)), "40 02 04 05 02"),
      (
        .retryScheduled(AttemptID(step: 5, number: 2), delayMilliseconds: 1_000),
        "42 02 04 05 02 e8 07"
      ),
      (.rerunScheduled(AttemptID(step: 5, number: 2)), "44 02 04 05 02"),
      (.stopRequested(AttemptID(step: 5, number: 2), force: false), "46 02 04 05 02 00"),
      (.stepFinished(step: 5, .cancelled), "48 02 04 05 02"),
      (.stepSkipped(step: 5, .need(step: 4)), "4a 02 04 05 00 04"),
      (.stepSkipped(step: 5, .runStopping), "4a 02 04 05 01"),
      (.stepSkipped(step: 5, .notSelected), "4a 02 04 05 02"),
      (.stepSkipped(step: 5, .condition([])), "4a 02 04 05 03 00"),
      (.stepSkipped(step: 5, .nothingFailed), "4a 02 04 05 04"),
      (.stepSkipped(step: 5, .nothingToTell), "4a 02 04 05 05"),
      (.stepSkipped(step: 5, .noItems), "4a 02 04 05 06"),
      (.stepSkipped(step: 5, .removed), "4a 02 04 05 07"),
      (.stepSkipped(step: 5, .siblingsFailed), "4a 02 04 05 08"),
      (.stepExpanded(step: 5, .children(count: 3, added: 1)), "60 02 04 05 00 03 01"),
      (.stepExpanded(step: 5, .fault(ItemFault(.repeated, 7))), "60 02 04 05 01 04 07"),
      (
        .stepSkipped(step: 5, .condition([ConditionInput(name: "a", value: "bc")])),
        "4a 02 04 05 03 01 01 61 02 62 63"
      ),
      (.runStopping(.cancelled), "4c 02 04 00"),
      (.runStopping(.timedOut), "4c 02 04 01"),
      (.runStopping(.failFast(step: 5)), "4c 02 04 02 05"),
      (.runFinished(.failed), "4e 02 04 01"),
      (.runConcluded(.cancelled), "54 02 04 02"),
    ])
  func bytesAreStable(body: Event.Body, bytes: String) {
    #expect(hexadecimal(encode([Self.event(body)])) == bytes)
  }

  @Test func aWakeUpSaysItsTimeOnce() {
    let first = Self.event(.runFinished(.failed), startsWakeUp: true)
    let second = Self.event(.runFinished(.failed))
    var third = first
    third.moment.monotonic.microseconds += 1
    third.moment.wall.microseconds += 1
    #expect(hexadecimal(encode([first, second, third])) == "4f 02 04 01 4e 01 4f 02 00 01")
  }

  @Test func blocksAreSelfContained() throws {
    var generator = Generator(seed: 2)
    for _ in 0..<200 {
      let events = generator.events(count: 6, first: 41)
      var encoder = EventEncoder()
      for event in events[..<3] { encoder.append(event) }
      let first = encoder.finish()
      for event in events[3...] { encoder.append(event) }
      let second = encoder.finish()
      #expect(try decode(second, first: 44) == Array(events[3...]))
      #expect(try decode(first, first: 41) == Array(events[..<3]))
    }
  }

  @Test func byteCountIsThatOfTheBlockSoFar() {
    var generator = Generator(seed: 3)
    var encoder = EventEncoder()
    #expect(encoder.byteCount == 0)
    for event in generator.events(count: 5, first: 1) { encoder.append(event) }
    let counted = encoder.byteCount
    #expect(encoder.finish().count == counted)
    #expect(encoder.byteCount == 0)
  }

  @Test(arguments: EventKind.allCases)
  func truncationAtEveryLengthIsAnError(kind: EventKind) {
    var generator = Generator(seed: UInt64(kind.rawValue))
    for _ in 0..<20 {
      let event = Self.event(generator.body(of: kind), startsWakeUp: true)
      let bytes = encode([event])
      for length in 1..<bytes.count {
        let error = #expect(throws: CodingError.self) {
          try decode(Array(bytes[..<length]), first: 1)
        }
        #expect(error?.reason == .truncated)
      }
    }
  }

  @Test func aTruncatedBlockNeverYieldsAWrongEvent() {
    var generator = Generator(seed: 4)
    for _ in 0..<50 {
      let events = generator.events(count: 4, first: 1)
      let bytes = encode(events)
      for length in 0..<bytes.count {
        let (read, _) = decodeAll(Array(bytes[..<length]), first: 1)
        #expect(read.elementsEqual(events.prefix(read.count)))
        #expect(read.count < events.count)
      }
    }
  }

  @Test func unknownKindsAreReportedAsSuch() {
    let known = Set(EventKind.allCases.map { UInt64($0.rawValue) })
    for code in UInt64(0)...300 where !known.contains(code) {
      var writer = ByteWriter()
      writer.write(code << 1)
      writer.write(UInt64(0))
      writer.write(UInt64(0))
      let (read, error) = decodeAll(writer.bytes, first: 1)
      #expect(read.isEmpty)
      #expect(error == CodingError(offset: 0, reason: .newer("an event has the kind \(code)")))
    }
  }

  /// As a later version writes an event whose kind has got another field: `roomReturned`, here.
  @Test(arguments: [
    ("00 0c 02 04 07 02 05 00", "roomReturned has a field 5"),
    ("01 0c 02 04 07 07 02 05 01 02 03 04 05", "roomReturned has a field 2"),
    ("00 0d 02 04 00 06 01 01 01 04 01 07", "runReopened has a field 4"),
    ("00 0d 02 04 00 06 01 01 01 03 01 07", "order has the value 7"),
    ("00 0d 02 04 00 03 01 01 02", "scope has the value 2"),
    ("00 06 02 04 05 02 01 0f 03 00 00 04 01 00 3f 00", "attemptEnded has a field 63"),
    ("00 63 02 04", "an event has the kind 99"),
  ])
  func unknownFieldsAreReportedAsSuch(bytes: String, what: String) {
    let (read, error) = decodeAll(bytesOf(bytes), first: 1)
    #expect(read.isEmpty)
    #expect(error?.reason == .newer(what))
  }

  @Test(arguments: [
    ("12 02 04 05", "timer has the value 5"),
    ("4a 02 04 05 09", "reason to skip has the value 9"),
    ("60 02 04 05 02", "expansion has the value 2"),
    ("4c 02 04 05", "reason to stop has the value 5"),
    ("48 02 04 05 03", "outcome has the value 3"),
    ("4e 02 04 03", "outcome has the value 3"),
    ("0c 02 04 05 02 10 07 03", "an end has the cause 4"),
    ("0c 02 04 05 02 02 0c 02 03 00 00", "operation has the value 12"),
    ("14 02 04 05 02 03", "finding has the value 3"),
  ])
  func unknownValuesAreReportedAsSuch(bytes: String, what: String) {
    let (read, error) = decodeAll(bytesOf(bytes), first: 1)
    #expect(read.isEmpty)
    #expect(error?.reason == .newer(what))
  }

  @Test(
    arguments: [
      ("10 02 04 06 02", "boolean"),
      ("0c 02 04 05 02 80 07 03 00 00 00 00", "end of an attempt"),
      ("00 0c 02 04 07 00", "extension of an event"),
      ("00 0d 02 04 00 03 01 01 00", "scope"),
      ("00 01 02 04 01 72 00 02 00 01 00 01 03 02 01 01", "onConflict"),
      ("00 01 02 04 01 72 00 02 00 01 00 01 06 01 01 67 02 01 00", "onConflict"),
      ("00 0d 02 04 00 06 01 01 01 01 01 01", "order of fields"),
      ("00 0d 02 04 00 04 01 02 01 01", "end of a field"),
      ("00 06 02 04 05 02 01 0f 03 00 00 04 01 00 01 00", "order of fields"),
      ("0a 02 04 80 80 80 80 08 02", "count"),
      ("0a 02 04 85 00 02", "integer"),
      ("02 02 04 01 ff 00", "UTF-8 text"),
    ])
  func malformedFieldsAreNamed(bytes: String, what: String) {
    let (read, error) = decodeAll(bytesOf(bytes), first: 1)
    #expect(read.isEmpty)
    #expect(error?.reason == .malformed(what))
  }

  @Test func timesOfHostileLogsWrapAround() throws {
    for microseconds in [Int64.min, -1, 0, .max] {
      for wall in [Int64.min, -1, 0, .max] {
        var events = [Self.event(.runFinished(.failed), startsWakeUp: true)]
        events.append(events[0])
        events[0].sequence = .max - 1
        events[1].sequence = .max
        events[1].moment = Moment(
          monotonic: Instant(microseconds: microseconds), wall: WallTime(microseconds: wall))
        #expect(try decode(encode(events), first: .max - 1) == events)
      }
    }
  }

  @Test func randomBytesNeverTrapAndHaveOneSpelling() {
    var generator = Generator(seed: 5)
    for _ in 0..<100_000 {
      var bytes = generator.bytes(upTo: 24)
      if !bytes.isEmpty && !generator.chance(in: 8) {
        bytes[0] = generator.pick(EventKind.allCases).rawValue << 1 | UInt8(generator.below(2))
      }
      expectOneSpelling(bytes)
    }
  }

  @Test func damagedBlocksNeverTrapAndHaveOneSpelling() {
    var generator = Generator(seed: 6)
    for _ in 0..<20_000 {
      var bytes = encode(generator.events(count: 2, first: 1))
      for _ in 0...generator.below(3) {
        bytes[generator.below(bytes.count)] = UInt8(truncatingIfNeeded: generator.next())
      }
      expectOneSpelling(bytes)
    }
  }

  /// What is read from bytes is written as those bytes.
  private func expectOneSpelling(_ bytes: [UInt8]) {
    let (events, error) = decodeAll(bytes, first: .max - 1)
    let written = encode(events)
    if error == nil ? written != bytes : !bytes.starts(with: written) {
      Issue.record("\(hexadecimal(bytes)) was read as \(events), written \(hexadecimal(written))")
    }
  }

  private static func created(group: String?, _ onConflict: OnConflict) -> RunCreated {
    var created = RunCreated(
      runID: "r", seed: 0, policyVersion: 2, programVersion: "", jobs: 1, definitionFolder: "",
      definitionByteCount: 1)
    created.group = group
    created.onConflict = onConflict
    return created
  }

  private static func created(unselected: StepSet) -> RunCreated {
    var created = created(group: nil, .fail)
    created.unselected = unselected
    return created
  }

  private static func created(after outcome: RunOutcome) -> RunCreated {
    var created = created(group: nil, .fail)
    created.previousOutcome = outcome
    return created
  }

  private static func created(file: String) -> RunCreated {
    var created = created(group: nil, .fail)
    created.definitionFile = file
    return created
  }

  private static func event(_ body: Event.Body, startsWakeUp: Bool = false) -> Event {
    let moment = Moment(monotonic: Instant(microseconds: 1), wall: WallTime(microseconds: 3))
    return Event(sequence: 1, moment: moment, startsWakeUp: startsWakeUp, body: body)
  }
}

func encode(_ events: [Event]) -> [UInt8] {
  var encoder = EventEncoder()
  for event in events { encoder.append(event) }
  return encoder.finish()
}

func decode(_ bytes: [UInt8], first: Int64) throws(CodingError) -> [Event] {
  let (events, error) = decodeAll(bytes, first: first)
  if let error { throw error }
  return events
}

/// All events that can be read, and what kept the next from being read.
private func decodeAll(_ bytes: [UInt8], first: Int64) -> ([Event], CodingError?) {
  var decoder = EventDecoder(bytes, first: first)
  var events: [Event] = []
  do throws(CodingError) {
    while let event = try decoder.next() { events.append(event) }
    return (events, nil)
  } catch {
    return (events, error)
  }
}
