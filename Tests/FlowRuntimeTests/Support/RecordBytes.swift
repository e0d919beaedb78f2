import CMonitor
import FlowRuntime

/// The bytes of records, as monitors write them, and otherwise.
enum RecordBytes {
  enum Part: CaseIterable {
    case start, command, end

    var range: Range<Int> {
      switch self {
      case .start: 0..<128
      case .command: 128..<192
      case .end: 192..<320
      }
    }
  }

  static func part(ofByte index: Int) -> Part {
    index < 128 ? .start : index < 192 ? .command : .end
  }

  static func of(
    start: flow_record_start? = nil, command: flow_record_command? = nil,
    end: flow_record_end? = nil
  ) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: AttemptRecord.byteCount)
    unsafe bytes.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      if var start { unsafe flow_record_encode_start(&start, base) }
      if var command { unsafe flow_record_encode_command(&command, base + 128) }
      if var end { unsafe flow_record_encode_end(&end, base + 192) }
    }
    return bytes
  }

  static let sample = of(start: .sample, command: .sample, end: .sample)

  /// A record whose end is the sample's, changed.
  static func withEnd(_ change: (inout flow_record_end) -> Void) -> AttemptRecord {
    var end = flow_record_end.sample
    change(&end)
    return AttemptRecord.decode(of(start: .sample, command: .sample, end: end))
  }

  /// Gives a part the checksum that its bytes should have: 64-bit FNV-1a.
  static func seal(_ bytes: inout [UInt8], _ part: Part) {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes[part.range.dropLast(8)] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    for index in 0..<8 {
      bytes[part.range.upperBound - 8 + index] = UInt8(truncatingIfNeeded: hash >> (8 * index))
    }
  }

  /// As a later version writes a part: with its own number, and a byte where this one has zeros.
  static func makeNewer(_ bytes: inout [UInt8], _ part: Part) {
    bytes[part.range.lowerBound + 7] = UInt8(ascii: "6")
    bytes[part.range.upperBound - 9] = 1
    seal(&bytes, part)
  }

  static let golden: [UInt8] = hexadecimal(
    "666c6f77533030310700000002000000cb04fb711f0100008877665544332211"
      + "00ffeeddccbbaa99fcffffef000000006612000000000000b168de3a00000000"
      + "404b4c0000000000000000000000000000000000000000000000000000000000"
      + "00000000000000000000000000000000000000000000000058ce39bb04856a67"
      + "666c6f77433030316712000000000000ff68de3a000000000000000000000000"
      + "000000000000000000000000000000000000000000000000b3534ec3ee201de9"
      + "666c6f774530303101000000090000000000000001000000801d2c0400000000"
      + "60e3160000000000005000000000000003000000020000006812000069120000"
      + "0000000000000000000000000000000000000000000000000000000000000000"
      + "000000000000000000000000000000000000000000000000a2e504aedaa32613")

  private static func hexadecimal(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count, by: 2).map {
      UInt8(digits[$0] << 4 | digits[$0 + 1])
    }
  }
}

extension flow_record_start {
  static var sample: Self {
    Self(
      step: 7, attempt: 2, intent: 1_234_567_890_123,
      host: flow_host_context(
        boot: 0x1122_3344_5566_7788, mount: 0x99aa_bbcc_ddee_ff00,
        process_namespace: 4_026_531_836),
      monitor: 4710, monitor_start: 987_654_321, started_at: 5_000_000)
  }
}

extension flow_record_command {
  static var sample: Self { Self(process: 4711, process_start: 987_654_399) }
}

extension flow_record_end {
  static var sample: Self {
    Self(
      result: FLOW_RESULT_SIGNALLED, code: 9, operation: FLOW_LAUNCH_CREATE_OUTPUT,
      cause: FLOW_CAUSE_DEADLINE, duration_us: 70_000_000, cpu_us: 1_500_000,
      peak_memory_kib: 20_480, stragglers: 3, unkillable: 2,
      unkillable_ids: (4712, 4713, 0, 0, 0, 0, 0, 0), dropped_output_bytes: 0,
      was_interrupted: false, is_unscrubbed: false,
      outputs_size: 0, outputs_checksum: 0, outputs_inside: false)
  }
}
