import FlowCommandLine
import FlowCore
import FlowSystem

/// Makes run ids such as `nightly-20261121T021903-7f3a`: they name the workflow and the time, can
/// be typed, and sort by time within a workflow.
enum NewRunID {
  /// How much of the workflow's name goes into an id.
  private static let longestName = 40

  static func make(for name: String, at time: WallTime) -> String {
    make(for: name, at: time, random: ProcessFacts.randomBits())
  }

  static func make(for name: String, at time: WallTime, random: UInt64) -> String {
    let digits = String(random & 0xFFFF | 0x1_0000, radix: 16).dropFirst()
    return "\(slug(name))-\(Timestamp(time).compact)-\(digits)"
  }

  /// Letters, digits, dots and underscores stay; each run of anything else becomes one hyphen.
  private static func slug(_ name: String) -> String {
    var result = ""
    for scalar in name.unicodeScalars.prefix(longestName) {
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9": result.unicodeScalars.append(scalar)
      case "." where !result.isEmpty, "_" where !result.isEmpty:
        result.unicodeScalars.append(scalar)
      default: if !result.isEmpty && !result.hasSuffix("-") { result += "-" }
      }
    }
    while result.hasSuffix("-") { result.removeLast() }
    return result.isEmpty ? "run" : result
  }
}
