/// A recorded world as a text file, for people and for `flowsim replay`. One thing a line:
///
///     flowsim trace 1
///     seed 42
///     workflow drawn
///     property said
///     trace 5e0140e1c95e8c26
///     option steps=3
///     choices crash 12=1 40=1
///     end
///
/// The first line names the version. `property` is the one that was violated, or `none`; older
/// traces call it `oracle`. An option that is not named has its quietest value, and a choice that
/// is not named is zero: `crash 12=1` says that the choice with index 12, counted from 0, among
/// those of the site `crash`, was 1. The lines between the first and the last may come in any
/// order. Lines that begin with `#` are comments.
package enum TraceText {
  static let version = 1

  package static func of(_ world: RecordedWorld) -> String {
    var lines = [
      "flowsim trace \(version)", "seed \(world.seed)", "workflow drawn",
      "property \(world.property?.rawValue ?? "none")",
      "trace \(String(world.traceHash, radix: 16))",
    ]
    let quiet = SimulationOptions.quiet.settings
    for (setting, quiet) in zip(world.options.settings, quiet) where setting != quiet {
      lines.append("option \(setting)")
    }
    for site in ChoiceSite.allCases {
      let choices = world.schedule.entries.filter { $0.site == site }
      if choices.isEmpty { continue }
      lines.append(
        "choices \(site) " + choices.map { "\($0.index)=\($0.value)" }.joined(separator: " "))
    }
    lines.append("end")
    return lines.joined(separator: "\n") + "\n"
  }

  /// An error in a trace.
  package struct Problem: Error, Equatable {
    package enum Reason: Equatable, Sendable {
      case notATrace
      case otherVersion(String)
      /// An unknown name, what it should be a name of, and the known ones.
      case unknown(String, of: String, among: [String])
      case invalid(String, value: String, expected: String)
      case repeated(String)
      case missing(String)
      case textAfterEnd
    }

    /// From 1.
    package let line: Int
    package let reason: Reason
  }

  package static func world(from bytes: [UInt8]) throws(Problem) -> RecordedWorld {
    var parser = TraceParser()
    var number = 0
    for line in bytes.split(separator: 10, omittingEmptySubsequences: false) {
      number += 1
      do throws(Problem.Reason) {
        try parser.take(String(decoding: line, as: UTF8.self), isFirst: number == 1)
      } catch {
        throw Problem(line: number, reason: error)
      }
    }
    do throws(Problem.Reason) {
      return try parser.finish()
    } catch {
      throw Problem(line: number, reason: error)
    }
  }
}

extension TraceText.Problem.Reason: Error {}

/// Takes in a trace line by line.
private struct TraceParser {
  typealias Reason = TraceText.Problem.Reason

  private enum Key: String, CaseIterable {
    case seed, workflow, property, trace, option, choices, end
  }

  private var seed: UInt64?
  private var traceHash: UInt64?
  private var property: Property??
  private var hasWorkflow = false
  private var options = SimulationOptions.quiet
  private var named: [String] = []
  private var entries: [ChoiceSchedule.Entry] = []
  private var isAtEnd = false

  mutating func take(_ line: String, isFirst: Bool) throws(Reason) {
    if isFirst { return try begin(line) }
    if line.isEmpty || line.hasPrefix("#") { return }
    if isAtEnd { throw .textAfterEnd }
    let words = line.split(separator: " ", maxSplits: 1).map(String.init)
    guard let name = words.first, let key = Key(rawValue: name == "oracle" ? "property" : name)
    else {
      throw .unknown(
        words.first ?? line, of: "a line of a trace", among: Key.allCases.map(\.rawValue))
    }
    let rest = words.count == 2 ? words[1] : ""
    switch key {
    case .option: try takeOption(rest)
    case .choices: try takeChoices(rest)
    case .seed, .workflow, .property, .trace, .end:
      try nameOnce(key.rawValue)
      try take(rest, as: key)
    }
  }

  private func begin(_ line: String) throws(Reason) {
    guard line.hasPrefix("flowsim trace ") else { throw .notATrace }
    let version = String(line.dropFirst("flowsim trace ".count))
    guard version == String(TraceText.version) else { throw .otherVersion(version) }
  }

  private mutating func nameOnce(_ name: String) throws(Reason) {
    if named.contains(name) { throw .repeated(name) }
    named.append(name)
  }

  private mutating func take(_ value: String, as key: Key) throws(Reason) {
    switch key {
    case .seed:
      guard let number = UInt64(value) else {
        throw .invalid("seed", value: value, expected: "a whole number from 0 to \(UInt64.max)")
      }
      seed = number
    case .trace:
      guard let number = UInt64(value, radix: 16) else {
        throw .invalid("trace", value: value, expected: "at most 16 hexadecimal digits")
      }
      traceHash = number
    case .workflow:
      guard value == "drawn" else {
        throw .invalid("workflow", value: value, expected: "drawn")
      }
      hasWorkflow = true
    case .property:
      guard value == "none" || Property(rawValue: value) != nil else {
        throw .unknown(
          value, of: "a property", among: ["none"] + Property.allCases.map(\.rawValue))
      }
      property = .some(Property(rawValue: value))
    case .end: isAtEnd = true
    case .option, .choices: preconditionFailure("\(key) comes more than once")
    }
  }

  private mutating func takeOption(_ text: String) throws(Reason) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else {
      throw .invalid("option", value: text, expected: "NAME=VALUE")
    }
    let name = String(parts[0])
    try nameOnce("option \(name)")
    do throws(SimulationOptions.SettingError) {
      try options.apply(.init(name, String(parts[1])))
    } catch {
      switch error {
      case .unknown(let name):
        throw .unknown(name, of: "an option", among: SimulationOptions.keys.map(\.name))
      case .invalid(let name, let value, let expected):
        throw .invalid("option \(name)", value: value, expected: expected)
      }
    }
  }

  private mutating func takeChoices(_ text: String) throws(Reason) {
    let words = text.split(separator: " ")
    let sites = ChoiceSite.allCases.filter { $0 != .options }
    guard let site = sites.first(where: { "\($0)" == words.first ?? "" }) else {
      throw .unknown(
        words.first.map(String.init) ?? "", of: "a site of choices", among: sites.map { "\($0)" })
    }
    try nameOnce("choices \(site)")
    var next = 0
    for word in words.dropFirst() {
      let parts = word.split(separator: "=", omittingEmptySubsequences: false)
      guard parts.count == 2, let index = Int(parts[0]), let value = Int(parts[1]), index >= next,
        index < 1 << 32,
        value > 0
      else {
        throw .invalid(
          "choices \(site)", value: String(word),
          expected: "INDEX=VALUE, with ascending indices and values from 1")
      }
      entries.append(.init(site, index, value))
      next = index + 1
    }
  }

  func finish() throws(Reason) -> RecordedWorld {
    guard isAtEnd else { throw .missing("end") }
    guard let seed else { throw .missing("seed") }
    guard hasWorkflow else { throw .missing("workflow") }
    guard let property else { throw .missing("property") }
    guard let traceHash else { throw .missing("trace") }
    return RecordedWorld(
      seed: seed, options: options, schedule: ChoiceSchedule(entries), property: property,
      traceHash: traceHash)
  }
}
