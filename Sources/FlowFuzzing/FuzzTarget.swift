// FlowFuzzing is what fuzzers feed with bytes, and the properties that hold for any bytes. The package in
// Fuzz has an entry point for each target; the tests replay former findings.
//
// It imports the modules that read bytes, and FlowSimulation for worlds that are made of bytes.
//
// Invariant: what a target finds depends on the bytes alone, so that a finding is kept as a file.

import FlowDefinition
import Glibc

/// Code that a fuzzer feeds with bytes, and the properties that hold for any bytes. The package `Fuzz` and the
/// tests, which replay former findings, use this module.
public enum FuzzTarget: String, CaseIterable, Sendable {
  /// A definition file in JSON.
  case definition
  /// A definition file in YAML.
  case yaml
  /// A file of variables.
  case variables
  /// The segments of a log.
  case segment
  /// Events, encoded or made of the bytes, and their history.
  case events
  /// Attempt records and holder records.
  case record
  /// Manifests of published files.
  case manifest
  /// The choices of a simulated world.
  case schedule

  /// The violated property of the bytes; nil if all hold. An error about invalid bytes is no finding.
  public func finding(in bytes: [UInt8]) -> String? {
    do throws(Finding) {
      switch self {
      case .definition: try DefinitionTarget.test(bytes, as: .json)
      case .yaml: try DefinitionTarget.test(bytes, as: .yaml)
      case .variables: try VariablesTarget.test(bytes)
      case .segment: try SegmentTarget.test(bytes)
      case .events: try EventsTarget.test(bytes)
      case .record: try RecordTarget.test(bytes)
      case .manifest: try ManifestTarget.test(bytes)
      case .schedule: try ScheduleTarget.test(bytes)
      }
      return nil
    } catch {
      return error.text
    }
  }

  /// Prints a finding and ends the process; otherwise does nothing.
  public func test(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard let finding = finding(in: unsafe Array(bytes)) else { return }
    print("\(rawValue): \(finding)")
    // Buffered output would be lost with the process.
    fflush(nil)
    preconditionFailure(finding)
  }
}

/// A violated property.
struct Finding: Error {
  let text: String

  init(_ text: String) {
    self.text = text
  }
}

func require(_ condition: Bool, _ text: @autoclosure () -> String) throws(Finding) {
  if !condition { throw Finding(text()) }
}

/// Reads numbers from an input. After its end all numbers are zero.
struct ByteSupply {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) {
    rest = bytes[...]
  }

  var isEmpty: Bool { rest.isEmpty }
  /// The unread bytes.
  var remainder: [UInt8] { Array(rest) }

  mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

  mutating func below(_ bound: Int) -> Int { Int(byte()) % bound }

  mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

  mutating func bool() -> Bool { byte() & 1 == 1 }

  mutating func bytes(_ count: Int) -> [UInt8] {
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }

  /// A number with as many bits as a byte says: small numbers are as likely as large ones.
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
