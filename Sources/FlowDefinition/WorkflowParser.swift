import FlowCore
import FlowText

/// The keys of the file's outermost object.
enum WorkflowKey: String, CaseIterable {
  case name, jobs, env, timeout, failFast, defaults, steps

  static let table = KeyTable(Self.self)
}

/// What `defaults` gives.
struct Defaults {
  var overlay = SettingsOverlay()
  /// Where these values are; nil for those that are not given.
  var onLostOffset: Int?
  var probeOffset: Int?

  /// `onLost` is given, but could not be read.
  var isOnLostFaulty: Bool { onLostOffset != nil && overlay.onLost == nil }
}

/// The file as it is read: `defaults` may come after `steps`, so nothing is merged yet.
struct WorkflowParts {
  var name = ""
  var jobs: Int?
  var environment: [EnvironmentVariable] = []
  var timeoutMilliseconds: Int64?
  var failFast = false
  var defaults = Defaults()
  var table = StepTable()
}

extension DefinitionReader {
  /// Reads the whole file.
  mutating func readWorkflow(into parts: inout WorkflowParts) throws(SyntaxError) {
    let expected = #"an object such as {"name": "nightly", "steps": […]}"#
    guard let start = try beginObject(expected) else { return try scanner.end() }
    var cursor = ObjectCursor("a workflow", WorkflowKey.table)
    while let key = try nextKey(&cursor) {
      switch key {
      case .name: parts.name = try readName() ?? ""
      case .jobs:
        parts.jobs = try integer(1...4_096, "a whole number from 1 to 4096").map { Int($0) }
      case .env: parts.environment = try readEnvironment() ?? []
      case .timeout: parts.timeoutMilliseconds = try duration(allowingZero: false)
      case .failFast: parts.failFast = try boolean() ?? false
      case .defaults: try readDefaults(into: &parts.defaults)
      case .steps: try readSteps(into: &parts.table)
      }
    }
    if !cursor.has(.name) { report(at: start, #"missing "name": a name for the workflow"#) }
    if !cursor.has(.steps) { report(at: start, #"missing "steps": an array of steps"#) }
    try scanner.end()
  }

  private mutating func readName() throws(SyntaxError) -> String? {
    let expected = "a name of 1 to 200 characters, none of them a control character"
    guard let token = try string(expected) else { return nil }
    let name = text(of: token)
    let isShort = (1...200).contains(name.unicodeScalars.count)
    if isShort && TerminalText.escaped(name) == name { return name }
    let found = name.isEmpty ? "an empty string" : Quoting.quoted(name)
    reportMismatch(at: token.offset, expected: expected, found: found)
    return nil
  }

  private mutating func readDefaults(into defaults: inout Defaults) throws(SyntaxError) {
    guard try beginObject(#"an object such as {"timeout": "10m"}"#) != nil else { return }
    var cursor = ObjectCursor(#""defaults""#, StepKey.defaultsTable)
    while let key = try nextKey(&cursor) {
      if key == .onLost { defaults.onLostOffset = try nextOffset() }
      if key == .probe { defaults.probeOffset = try nextOffset() }
      try readSetting(key, into: &defaults.overlay)
    }
  }
}
