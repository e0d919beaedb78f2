import CMonitor
import FlowCore
import FlowRuntime
import Testing

@Suite struct AttemptRecordTests {
  private let whole = AttemptRecord.decode(RecordBytes.sample)

  @Test func aWholeRecordIsReadAsItWasWritten() throws {
    let start = try #require(whole.start)
    #expect(start.id == AttemptID(step: 7, number: 2))
    #expect(start.intent == 1_234_567_890_123)
    #expect(start.host.boot == 0x1122_3344_5566_7788)
    #expect(start.host.mount == 0x99aa_bbcc_ddee_ff00)
    #expect(start.host.processNamespace == 4_026_531_836)
    #expect(start.monitorID == 4710)
    #expect(start.monitorStart == 987_654_321)
    #expect(start.startedAt == Instant(microseconds: 5_000_000))
    #expect(whole.command?.processID == 4711)
    #expect(whole.command?.processStart == 987_654_399)
    #expect(
      whole.end
        == AttemptEnd(
          result: .signalled(signal: 9), cause: .deadline, durationMicroseconds: 70_000_000,
          cpuMicroseconds: 1_500_000, peakMemoryKibibytes: 20_480, stragglers: 3, unkillable: 2))
    #expect(!whole.isUnreadable)
  }

  /// Records outlive the program that wrote them: these bytes were made by hand from the format's
  /// description, and must be read like this for ever.
  @Test func theFormatIsWhatItWas() {
    #expect(RecordBytes.sample == RecordBytes.golden)
    #expect(AttemptRecord.byteCount == RecordBytes.golden.count)
  }

  @Test func aRecordIsReadAsFarAsItWasWritten() {
    let starting = AttemptRecord.decode(RecordBytes.of(start: .sample))
    #expect(starting.start == whole.start)
    #expect(starting.command == nil && starting.end == nil && !starting.isUnreadable)
    let running = AttemptRecord.decode(RecordBytes.of(start: .sample, command: .sample))
    #expect(running.command == whole.command)
    #expect(running.end == nil && !running.isUnreadable)
    // As when the command could not be noted, or not be started.
    let ended = AttemptRecord.decode(RecordBytes.of(start: .sample, end: .sample))
    #expect(ended.end == whole.end)
    #expect(ended.command == nil && !ended.isUnreadable)
  }

  @Test(arguments: [
    (FLOW_RESULT_EXITED, Int32(0), AttemptEnd.Result.exited(code: 0)),
    (FLOW_RESULT_EXITED, 255, .exited(code: 255)),
    (FLOW_RESULT_SIGNALLED, 1, .signalled(signal: 1)),
    (FLOW_RESULT_SIGNALLED, 127, .signalled(signal: 127)),
    (
      FLOW_RESULT_LAUNCH_FAILED, 2,
      .launchFailed(LaunchFailure(operation: .createOutput, errno: 2))
    ),
  ])
  func everyResultIsRead(kind: flow_result, code: Int32, result: AttemptEnd.Result) {
    let record = RecordBytes.withEnd {
      $0.result = kind
      $0.code = code
    }
    #expect(record.end?.result == result)
  }

  @Test(arguments: [
    (FLOW_CAUSE_ITSELF, AttemptEnd.Cause.byItself), (FLOW_CAUSE_DEADLINE, .deadline),
    (FLOW_CAUSE_STOP, .stop), (FLOW_CAUSE_FORCE, .force),
  ])
  func everyCauseIsRead(raw: flow_cause, cause: AttemptEnd.Cause) {
    #expect(RecordBytes.withEnd { $0.cause = raw }.end?.cause == cause)
  }

  @Test(arguments: [
    (FLOW_LAUNCH_CREATE_OUTPUT, LaunchFailure.Operation.createOutput),
    (FLOW_LAUNCH_CHANGE_DIRECTORY, .changeDirectory), (FLOW_LAUNCH_EXECUTE, .execute),
    (FLOW_LAUNCH_CREATE_RECORD, .createRecord), (FLOW_LAUNCH_FORK, .fork),
  ])
  func everyOperationIsRead(raw: flow_launch_operation, operation: LaunchFailure.Operation) {
    let record = RecordBytes.withEnd {
      $0.result = FLOW_RESULT_LAUNCH_FAILED
      $0.operation = raw
      $0.code = 13
    }
    #expect(record.end?.result == .launchFailed(LaunchFailure(operation: operation, errno: 13)))
  }

  @Test func theLargestValuesAreRead() throws {
    let record = RecordBytes.withEnd {
      $0.result = FLOW_RESULT_LAUNCH_FAILED
      $0.code = .max
      $0.duration_us = .max
      $0.cpu_us = .max
      $0.peak_memory_kib = .max
      $0.stragglers = .max
      $0.unkillable = .max
    }
    let end = try #require(record.end)
    #expect(end.durationMicroseconds == .max && end.cpuMicroseconds == .max)
    #expect(end.peakMemoryKibibytes == .max && end.stragglers == .max && end.unkillable == .max)

    var start = flow_record_start.sample
    start.step = .max
    start.attempt = .max
    start.intent = .max
    start.host = flow_host_context(boot: .max, mount: .max, process_namespace: .max)
    start.monitor = .max
    start.monitor_start = .max
    start.started_at = .max
    let read = try #require(AttemptRecord.decode(RecordBytes.of(start: start)).start)
    #expect(read.id == AttemptID(step: .max, number: .max))
    #expect(read.intent == .max && read.monitorID == .max && read.monitorStart == .max)
    #expect(read.host.encoded.boot == .max && read.host.processNamespace == .max)
  }

  @Test func aHostContextIsRecognized() {
    let host = HostContext(bootID: "6a52-383e", mountID: 31, processNamespace: 4_026_531_836)
    let mark = HostMark(host)
    #expect(mark.boot == BootMark("6a52-383e").rawValue)
    #expect(HostMark(mark.encoded) == mark)
    for other in [
      HostContext(bootID: "6a52-383f", mountID: 31, processNamespace: 4_026_531_836),
      HostContext(bootID: "6a52-383e", mountID: 32, processNamespace: 4_026_531_836),
      HostContext(bootID: "6a52-383e", mountID: 31, processNamespace: 4_026_531_837),
    ] { #expect(HostMark(other) != mark) }
  }

  // MARK: The second version of an end

  /// An earlier version would take it for a failure. Other ends are as that version writes them.
  @Test func anInterruptionIsOfAVersionOfItsOwn() {
    for isInterrupted in [false, true] {
      var end = flow_record_end.sample
      end.was_interrupted = isInterrupted
      let bytes = RecordBytes.of(start: .sample, command: .sample, end: end)
      #expect(bytes[192..<200].elementsEqual("flowE00\(isInterrupted ? 2 : 1)".utf8))
      let record = AttemptRecord.decode(bytes)
      #expect(record.end?.wasInterrupted == isInterrupted)
      #expect(!record.isNewer && !record.isUnreadable)
    }
  }

  @Test(arguments: [(96, [0]), (96, [2]), (97, [1]), (100, [1]), (119, [1])] as [(Int, [UInt8])])
  func whatNoMonitorWritesInItIsRefused(offset: Int, forged: [UInt8]) {
    var end = flow_record_end.sample
    end.was_interrupted = true
    var bytes = RecordBytes.of(start: .sample, command: .sample, end: end)
    bytes.replaceSubrange(192 + offset..<192 + offset + forged.count, with: forged)
    RecordBytes.seal(&bytes, .end)
    expectBroken(bytes, .end, "at \(offset)")
  }

  // MARK: The third version of an end

  @Test func whatMayHoldSecretsIsOfAVersionOfItsOwn() {
    for isInterrupted in [false, true] {
      var end = flow_record_end.sample
      end.is_unscrubbed = true
      end.was_interrupted = isInterrupted
      let bytes = RecordBytes.of(start: .sample, command: .sample, end: end)
      #expect(bytes[192..<200].elementsEqual("flowE003".utf8))
      let record = AttemptRecord.decode(bytes)
      #expect(record.end?.output.isUnscrubbed == true)
      #expect(record.end?.wasInterrupted == isInterrupted)
    }
    var end = flow_record_end()
    end.result = FLOW_RESULT_LAUNCH_FAILED
    end.operation = FLOW_LAUNCH_MAKE_SECRET
    end.code = 28
    let bytes = RecordBytes.of(start: .sample, command: .sample, end: end)
    #expect(bytes[192..<200].elementsEqual("flowE003".utf8))
    #expect(
      AttemptRecord.decode(bytes).end?.launchFailure
        == LaunchFailure(operation: .makeSecret, errno: 28))
  }

  @Test func anEndWhoseOutputsAreInTheRecordIsOfAVersionOfItsOwn() {
    let room = Int64(FLOW_RECORD_OUTPUTS_ROOM)
    for size in [1, room] {
      var end = flow_record_end()
      (end.outputs_size, end.outputs_checksum, end.outputs_inside) = (size, 7, true)
      end.is_unscrubbed = size == 1
      let bytes = RecordBytes.of(start: .sample, command: .sample, end: end)
      #expect(bytes[192..<200].elementsEqual("flowE005".utf8))
      let record = AttemptRecord.decode(bytes + [1, 2, 3])
      #expect(
        record.end?.outputsFile == OutputsMark(byteCount: size, checksum: 7, isInRecord: true))
      #expect(record.end?.output.isUnscrubbed == (size == 1))
    }
    // None, and more than there is room for.
    for size in [0, room + 1] {
      var end = flow_record_end()
      (end.outputs_size, end.outputs_inside) = (size, true)
      let bytes = RecordBytes.of(start: .sample, command: .sample, end: end)
      #expect(AttemptRecord.decode(bytes).isUnreadable)
    }
  }

  @Test func anEndWithOutputsIsOfAVersionOfItsOwn() {
    for isUnscrubbed in [false, true] {
      var end = flow_record_end()
      end.is_unscrubbed = isUnscrubbed
      (end.outputs_size, end.outputs_checksum) = (258, .max)
      var bytes = RecordBytes.of(start: .sample, command: .sample, end: end)
      #expect(bytes[192..<200].elementsEqual("flowE004".utf8))
      let record = AttemptRecord.decode(bytes)
      #expect(record.end?.outputsFile == OutputsMark(byteCount: 258, checksum: .max))
      #expect(record.end?.output.isUnscrubbed == isUnscrubbed)
      // Outputs of an end that has none.
      bytes.replaceSubrange(192 + 104..<192 + 106, with: [0, 0])
      RecordBytes.seal(&bytes, .end)
      #expect(AttemptRecord.decode(bytes).isUnreadable)
    }
    var end = flow_record_end()
    end.result = FLOW_RESULT_LAUNCH_FAILED
    end.operation = FLOW_LAUNCH_MAKE_OUTPUTS
    end.code = 13
    let bytes = RecordBytes.of(start: .sample, command: .sample, end: end)
    #expect(bytes[192..<200].elementsEqual("flowE004".utf8))
    #expect(
      AttemptRecord.decode(bytes).end?.launchFailure
        == LaunchFailure(operation: .makeOutputs, errno: 13))
  }

  /// Each end is of the first version that can say it.
  @Test(arguments: [(100, [0]), (100, [2]), (96, [2]), (104, [1])] as [(Int, [UInt8])])
  func whatNoMonitorWritesInTheThirdIsRefused(offset: Int, forged: [UInt8]) {
    var end = flow_record_end.sample
    end.is_unscrubbed = true
    var bytes = RecordBytes.of(start: .sample, command: .sample, end: end)
    bytes.replaceSubrange(192 + offset..<192 + offset + forged.count, with: forged)
    RecordBytes.seal(&bytes, .end)
    expectBroken(bytes, .end, "at \(offset)")
  }

  // MARK: Corrupt bytes

  @Test func everyFlippedBitIsFound() {
    for bit in 0..<AttemptRecord.byteCount * 8 {
      var bytes = RecordBytes.sample
      bytes[bit / 8] ^= 1 << (bit % 8)
      expectBroken(bytes, RecordBytes.part(ofByte: bit / 8), "bit \(bit)")
    }
  }

  @Test func everyChangedByteIsFound() {
    for index in 0..<AttemptRecord.byteCount {
      var bytes = RecordBytes.sample
      for change in [UInt8(0x55), 0x81, 0xff] {
        bytes[index] = RecordBytes.sample[index] ^ change
        expectBroken(bytes, RecordBytes.part(ofByte: index), "byte \(index)")
      }
    }
  }

  /// All parts but one are as they were, and that one is not there.
  private func expectBroken(_ bytes: [UInt8], _ part: RecordBytes.Part, _ what: String) {
    let record = AttemptRecord.decode(bytes)
    let isRight =
      record.isUnreadable && record.start == (part == .start ? nil : whole.start)
      && record.command == (part == .command ? nil : whole.command)
      && record.end == (part == .end ? nil : whole.end)
    if !isRight { Issue.record("\(what): \(record)") }
  }

  /// Nothing is wrong with it, and nothing of it is guessed but who the monitor is.
  @Test(arguments: RecordBytes.Part.allCases)
  func aPartOfALaterVersionIsNewer(part: RecordBytes.Part) {
    var bytes = RecordBytes.sample
    RecordBytes.makeNewer(&bytes, part)
    let record = AttemptRecord.decode(bytes)
    #expect(record.isNewer && !record.isUnreadable)
    #expect(record.start == whole.start)
    #expect(record.command == (part == .command ? nil : whole.command))
    #expect(record.end == (part == .end ? nil : whole.end))
    // An earlier version, or none.
    for version in ["000", "00x", "0 1"] {
      bytes.replaceSubrange(
        part.range.lowerBound + 5..<part.range.lowerBound + 8, with: version.utf8)
      RecordBytes.seal(&bytes, part)
      #expect(!AttemptRecord.decode(bytes).isNewer, "\(version)")
      #expect(AttemptRecord.decode(bytes).isUnreadable, "\(version)")
    }
  }

  @Test func aRecordThatIsCutOffIsReadUpToThere() {
    for count in 0..<AttemptRecord.byteCount {
      let record = AttemptRecord.decode(Array(RecordBytes.sample.prefix(count)))
      #expect(record.start == (count >= 128 ? whole.start : nil))
      #expect(record.command == (count >= 192 ? whole.command : nil))
      #expect(record.end == nil)
      // A part that was begun begins with its mark; a file that ends between parts is whole.
      #expect(record.isUnreadable == (count != 128 && count != 192))
    }
  }

  /// What is missing reads as zeros, which can be just what was there.
  @Test func aPartIsCutOffEvenIfOnlyZerosAreMissing() throws {
    let records = (1...10_000).lazy.map { intent in
      var start = flow_record_start.sample
      start.intent = Int64(intent)
      return RecordBytes.of(start: start)
    }
    let bytes = try #require(records.first { $0[127] == 0 })
    #expect(AttemptRecord.decode(bytes).start != nil)
    let cut = AttemptRecord.decode(Array(bytes.prefix(127)))
    #expect(cut.start == nil && cut.isUnreadable)
  }

  @Test func reservedSpaceIsNoPart() {
    for count in [0, 1, 127, 128, 200, 320, 4_096] {
      let record = AttemptRecord.decode([UInt8](repeating: 0, count: count))
      #expect(record.start == nil && record.command == nil && record.end == nil)
      #expect(record.isUnreadable)
    }
    let cut = Array(RecordBytes.of(start: .sample).prefix(300))
    #expect(AttemptRecord.decode(cut).start == whole.start)
    #expect(!AttemptRecord.decode(cut).isUnreadable)
  }

  @Test func whatLiesBehindARecordIsNotOfIt() {
    #expect(AttemptRecord.decode(RecordBytes.sample + [1, 2, 3]) == whole)
  }

  @Test func partsInEachOthersPlacesAreFound() {
    for source in RecordBytes.Part.allCases {
      for target in RecordBytes.Part.allCases where source != target {
        var bytes = RecordBytes.sample
        let moved = RecordBytes.sample[source.range].prefix(target.range.count)
        let filled = moved + [UInt8](repeating: 0, count: target.range.count - moved.count)
        bytes.replaceSubrange(target.range, with: filled)
        expectBroken(bytes, target, "\(source) as \(target)")
        // With a checksum that is right for that place.
        RecordBytes.seal(&bytes, target)
        expectBroken(bytes, target, "\(source) sealed as \(target)")
      }
    }
  }

  /// Their checksums are right, and no monitor writes them.
  @Test(
    arguments: [
      (RecordBytes.Part.start, 0, [UInt8(ascii: "F")]),  // another mark
      (.start, 7, [UInt8(ascii: "0")]),  // an earlier version than there is
      (.start, 11, [0x80]), (.start, 15, [0x80]), (.start, 23, [0x80]),  // step, attempt, intent
      (.start, 48, [0, 0, 0, 0]), (.start, 51, [0x80]),  // no process
      (.start, 52, [1]), (.start, 71, [0x80]), (.start, 72, [1]), (.start, 119, [1]),
      (.command, 7, [0]), (.command, 8, [0, 0, 0, 0]), (.command, 8, [255, 255, 255, 255]),
      (.command, 12, [1]), (.command, 24, [1]), (.command, 55, [1]),
      (.end, 7, [0]), (.end, 8, [3]), (.end, 11, [0x80]), (.end, 9, [1]),  // result
      (.end, 12, [0]), (.end, 12, [128]), (.end, 13, [1]), (.end, 15, [0x80]),  // signal
      (.end, 16, [5]), (.end, 19, [0x80]), (.end, 20, [4]), (.end, 23, [0x80]),
      (.end, 31, [0x80]), (.end, 39, [0x80]), (.end, 47, [0x80]),  // times and memory
      (.end, 51, [0x80]), (.end, 55, [0x80]), (.end, 59, [0x80]), (.end, 87, [0x80]),
      (.end, 95, [0x80]), (.end, 96, [1]), (.end, 119, [1]),
    ] as [(RecordBytes.Part, Int, [UInt8])])
  func valuesThatNoMonitorWritesAreRefused(part: RecordBytes.Part, offset: Int, forged: [UInt8]) {
    var bytes = RecordBytes.sample
    let first = part.range.lowerBound + offset
    bytes.replaceSubrange(first..<first + forged.count, with: forged)
    RecordBytes.seal(&bytes, part)
    expectBroken(bytes, part, "\(part) at \(offset)")
  }

  @Test(
    arguments: [
      (FLOW_RESULT_EXITED, -1), (FLOW_RESULT_EXITED, 256), (FLOW_RESULT_SIGNALLED, 0),
      (FLOW_RESULT_SIGNALLED, 128), (FLOW_RESULT_LAUNCH_FAILED, 0),
      (FLOW_RESULT_LAUNCH_FAILED, -2),
    ] as [(flow_result, Int32)])
  func codesThatCannotBeAreRefused(result: flow_result, code: Int32) {
    let record = RecordBytes.withEnd {
      $0.result = result
      $0.code = code
    }
    #expect(record.end == nil && record.isUnreadable)
  }

  @Test func bytesOfChanceAreNoRecord() {
    var state: UInt64 = 0
    for round in 0..<2_000 {
      var bytes: [UInt8] = []
      let count = round % 330
      while bytes.count < count {
        state &+= 1
        bytes.append(UInt8(truncatingIfNeeded: SplitMix64.mix(state)))
      }
      // In every second round with the right marks.
      for part in RecordBytes.Part.allCases where round % 2 == 0 && count >= part.range.upperBound {
        let mark = part.range.prefix(8)
        bytes.replaceSubrange(mark.startIndex..<mark.endIndex, with: RecordBytes.sample[mark])
      }
      let record = AttemptRecord.decode(bytes)
      #expect(record.start == nil && record.command == nil && record.end == nil)
      #expect(record.isUnreadable)
    }
  }
}
