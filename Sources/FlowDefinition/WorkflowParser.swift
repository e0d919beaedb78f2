import FlowCore
import FlowText

/// A key of the file's outermost object.
enum WorkflowKey: Sendable {
  case name, params, secrets, defaults, steps, finally, notify
  case own(DefinitionKey<WorkflowDefinition>)

  static let table = KeyTable(WorkflowDefinition.keys.map { (name: $0.name, key: Self($0)) })

  private init(_ key: DefinitionKey<WorkflowDefinition>) {
    switch key.name {
    case "name": self = .name
    case "params": self = .params
    case "secrets": self = .secrets
    case "defaults": self = .defaults
    case "steps": self = .steps
    case "finally": self = .finally
    case "notify": self = .notify
    default: self = .own(key)
    }
  }
}

/// The values in `defaults`.
struct Defaults {
  var overlay = SettingsOverlay()
  /// The offsets of these values; nil for absent ones.
  var onLostOffset: Int?
  var probeOffset: Int?
  var stragglersOffset: Int?

  /// `onLost` is given, but could not be read.
  var isOnLostFaulty: Bool { onLostOffset != nil && overlay.onLost == nil }
}

/// The file as it is read: `defaults` may come after `steps`, so nothing is merged yet.
struct WorkflowParts {
  /// Without steps and settings.
  var workflow = WorkflowDefinition(name: "", steps: [], settings: [])
  var defaults = Defaults()
  var table = StepTable()
  var passEnvOffset: Int?
}

extension DefinitionReader {
  /// Reads the whole file.
  ///
  /// - Parameter isCalled: whether a step of another file calls it.
  mutating func readWorkflow(
    into parts: inout WorkflowParts, isCalled: Bool
  ) throws(SyntaxError) {
    let expected = #"an object such as {"name": "nightly", "steps": […]}"#
    var isInheritanceFaulty = false
    guard let start = try beginObject(expected) else { return try source.end() }
    var cursor = ObjectCursor("a workflow", WorkflowKey.table)
    while let key = try nextKey(&cursor) {
      switch key {
      case .name: parts.workflow.name = try readName() ?? ""
      case .params: parts.workflow.parameters = try readParameters()
      case .secrets: parts.workflow.secrets = try readSecrets()
      case .own(let key):
        if let value = try readValue(of: key) {
          key.set(value, in: &parts.workflow)
        } else if key.name == "environment" {
          isInheritanceFaulty = true
        }
      case .defaults: try readDefaults(into: &parts.defaults)
      case .steps: try readSteps(into: &parts.table, isFinally: false)
      case .finally: try readSteps(into: &parts.table, isFinally: true)
      case .notify: try readNotify(into: &parts.table)
      }
    }
    parts.table.moveFinallyToEnd(with: &templates)
    placeNotices(in: &parts.table)
    placeChains(in: &parts.table)
    if isCalled { checkCalled(cursor) }
    if !cursor.has("name") { report(at: start, #"missing "name": a name for the workflow"#) }
    if !cursor.has("steps") { report(at: start, #"missing "steps": an array of steps"#) }
    parts.passEnvOffset = cursor.offset(of: "passEnv")
    if let offset = parts.passEnvOffset, !parts.workflow.passedVariables.isEmpty,
      parts.workflow.inheritance == .inherit, !isInheritanceFaulty
    {
      report(
        at: offset, path: "passEnv",
        #"only for "environment": "clean"; otherwise the steps get all variables anyway"#)
    }
    try source.end()
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
    var cursor = ObjectCursor(#""defaults""#, SettingKey.defaultsTable)
    while let setting = try nextKey(&cursor) {
      if setting.key.name == "onLost" { defaults.onLostOffset = try nextOffset() }
      if setting.key.name == "probe" { defaults.probeOffset = try nextOffset() }
      if setting.key.name == "stragglers" { defaults.stragglersOffset = try nextOffset() }
      try readSetting(setting, into: &defaults.overlay)
    }
  }
}
