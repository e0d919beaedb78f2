import CMonitor
import FlowCore
import FlowRuntime

/// A valid part of an attempt record round-trips, and its values are safe to act upon. An invalid part is
/// ignored.
enum RecordTarget {
  /// The first byte says which parts get the right checksum, which a fuzzer does not find by chance.
  static func test(_ bytes: [UInt8]) throws(Finding) {
    var supply = ByteSupply(bytes)
    let sealed = supply.byte()
    var file = supply.remainder
    for (index, part) in parts.enumerated() where sealed >> index & 1 == 1 { seal(part, of: &file) }

    var record = flow_record()
    unsafe file.withUnsafeBufferPointer { buffer in
      unsafe flow_record_decode(buffer.baseAddress, buffer.count, &record)
    }
    try testSpelling(record, of: file)
    try testMeaning(AttemptRecord.decode(file), record)
  }

  private static let parts = [0..<128, 128..<192, 192..<320]

  private static func seal(_ part: Range<Int>, of bytes: inout [UInt8]) {
    guard bytes.count >= part.upperBound else { return }
    bytes.replaceSubrange(part.suffix(8), with: FNV.checksum(of: bytes[part.dropLast(8)]))
  }

  private static func testSpelling(_ record: flow_record, of file: [UInt8]) throws(Finding) {
    var record = record
    var again = [UInt8](repeating: 0, count: AttemptRecord.byteCount)
    unsafe again.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      unsafe flow_record_encode_start(&record.start, base)
      unsafe flow_record_encode_command(&record.command, base + 128)
      unsafe flow_record_encode_end(&record.end, base + 192)
    }
    let states = [record.start_state, record.command_state, record.end_state]
    for (part, state) in zip(parts, states) {
      switch state {
      case FLOW_PART_VALID:
        try require(
          file.count >= part.upperBound && file[part] == again[part],
          "a valid part has a second encoding: \(file[min(part.lowerBound, file.count)...])")
      case FLOW_PART_ABSENT:
        try require(
          file.dropFirst(part.lowerBound).prefix(part.count).allSatisfy { $0 == 0 },
          "a valid part is ignored")
      case FLOW_PART_BROKEN, FLOW_PART_NEWER: break
      default: throw Finding("unknown state of a part: \(state)")
      }
    }
  }

  private static func testMeaning(
    _ record: AttemptRecord, _ parts: flow_record
  ) throws(Finding) {
    try require(
      (record.start != nil)
        == [FLOW_PART_VALID, FLOW_PART_NEWER].contains(parts.start_state)
        && (record.command != nil) == (parts.command_state == FLOW_PART_VALID)
        && (record.end != nil) == (parts.end_state == FLOW_PART_VALID),
      "an invalid part is accepted, or a valid one is not: \(record)")
    if let start = record.start {
      // A signal to an id of zero or less would go to a group, or to all processes.
      try require(
        start.monitorID > 0 && start.step >= 0 && start.attempt >= 0 && start.intent >= 0,
        "impossible start: \(start)")
      try require(
        !record.isUnreadable || parts.command_state == FLOW_PART_BROKEN
          || parts.end_state == FLOW_PART_BROKEN,
        "a readable record counts as unreadable: \(record)")
    }
    if let command = record.command {
      try require(command.processID > 0, "invalid process id: \(command)")
    }
    if let end = record.end {
      let least = min(
        end.durationMicroseconds, end.cpuMicroseconds, end.peakMemoryKibibytes,
        Int64(end.stragglers), Int64(end.unkillable))
      try require(least >= 0, "impossible end: \(end)")
      // The history takes the value unchanged.
      var encoder = EventEncoder()
      let moment = Moment(
        monotonic: Instant(microseconds: 0), wall: WallTime(microseconds: 0))
      encoder.append(
        Event(
          sequence: 1, moment: moment, startsWakeUp: true,
          body: .attemptEnded(AttemptID(step: 0, number: 1), end)))
    }
  }
}
