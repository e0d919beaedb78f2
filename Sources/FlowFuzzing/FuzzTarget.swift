import Glibc

/// What a fuzzer can feed with bytes. Everything here is for `Fuzz`, a package of its own, and for
/// the tests that feed the same with what fuzzers once found.
public enum FuzzTarget: String, CaseIterable, Sendable {
  /// The file of a definition.
  case definition
  /// The segments of a log.
  case segment
  /// Events, as a log's payload or made of the bytes, and the history that they are.
  case events
  /// The records of attempts, and what engines say of themselves.
  case record
  /// The choices of a simulated world.
  case schedule

  /// What does not hold for the bytes, in words; nil if all does. What is wrong with the bytes is no
  /// finding: an error that says so is right.
  public func finding(in bytes: [UInt8]) -> String? {
    do throws(Finding) {
      switch self {
      case .definition: try DefinitionTarget.test(bytes)
      case .segment: try SegmentTarget.test(bytes)
      case .events: try EventsTarget.test(bytes)
      case .record: try RecordTarget.test(bytes)
      case .schedule: try ScheduleTarget.test(bytes)
      }
      return nil
    } catch {
      return error.text
    }
  }

  /// Says what does not hold for the bytes, and ends the process; else nothing.
  public func test(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard let finding = finding(in: unsafe Array(bytes)) else { return }
    print("\(rawValue): \(finding)")
    // What waits in a buffer goes down with the process.
    fflush(nil)
    preconditionFailure(finding)
  }
}

/// Something that should hold, and does not.
struct Finding: Error {
  let text: String

  init(_ text: String) {
    self.text = text
  }
}

func require(_ condition: Bool, _ text: @autoclosure () -> String) throws(Finding) {
  if !condition { throw Finding(text()) }
}

/// Takes an input apart, number by number. Behind its end all is zero.
struct ByteSupply {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) {
    rest = bytes[...]
  }

  var isEmpty: Bool { rest.isEmpty }
  /// All that was not taken.
  var remainder: [UInt8] { Array(rest) }

  mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

  mutating func below(_ bound: Int) -> Int { Int(byte()) % bound }

  mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

  mutating func bool() -> Bool { byte() & 1 == 1 }

  mutating func bytes(_ count: Int) -> [UInt8] {
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }

  /// Of as many bits as a byte says, so that small numbers are as likely as large ones.
  mutating func number() -> UInt64 {
    let bits = below(65)
    if bits == 0 { return 0 }
    var value: UInt64 = 0
    for _ in 0..<(bits + 7) / 8 { value = value << 8 | UInt64(byte()) }
    return value & (.max >> UInt64(64 - bits))
  }

  /// Never negative.
  mutating func count<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) -> Number {
    Number(truncatingIfNeeded: number()) & .max
  }

  mutating func string() -> String { String(decoding: bytes(below(20)), as: UTF8.self) }

  mutating func optional<Value>(_ body: (inout ByteSupply) -> Value) -> Value? {
    bool() ? body(&self) : nil
  }
}
