import FlowCore
import FlowText

/// A key of `onFailure`.
enum RollbackKey: Sendable {
  case run
  /// Of this step alone.
  case own(DefinitionKey<StepExtras>)
  case setting(SettingKey)
  case refused(String)

  static let table = KeyTable(
    StepDefinition.keys.compactMap { key in
      switch key.name {
      case "run": (name: key.name, key: Self.run)
      case "description": (name: key.name, key: Self.own(key))
      default: nil
      }
    } + StepSettings.keys.map { (name: $0.name, key: .setting(SettingKey($0))) },
    refused: StepDefinition.keys.compactMap { key in
      ["run", "description"].contains(key.name)
        ? nil : (name: key.name, key: Self.refused(key.name))
    })
}

/// What governs the attempts of a step, while that is read.
struct SettingsReading {
  var overlay = SettingsOverlay()
  var isEmpty = true
  var probeUse: StepTable.ProbeUse
  var secretUse: StepTable.SecretUseOffsets

  init(ofStep step: Int) {
    probeUse = StepTable.ProbeUse(step: Int32(step))
    secretUse = StepTable.SecretUseOffsets(step: Int32(step))
  }
}

/// A rollback that was read, before it has its place behind its step.
struct RollbackReading {
  var command = Command.shell("")
  var extras = StepExtras()
  var settings: SettingsReading
  var offset = 0
}

extension DefinitionReader {
  mutating func read(_ setting: SettingKey, into reading: inout SettingsReading) throws(SyntaxError)
  {
    reading.isEmpty = false
    let offset = try nextOffset()
    switch setting.key.name {
    case "onLost": reading.probeUse.onLost = offset
    case "probe": reading.probeUse.probe = offset
    case "secrets": reading.secretUse.secrets = offset
    case "stragglers": reading.secretUse.stragglers = offset
    default: break
    }
    try readSetting(setting, into: &reading.overlay)
  }

  /// Takes the value of `onFailure`.
  ///
  /// - Parameter step: where the rollback will be.
  mutating func readRollback(at step: Int) throws(SyntaxError) -> RollbackReading? {
    var reading = RollbackReading(settings: SettingsReading(ofStep: step))
    reading.extras.isRollback = true
    reading.offset = try nextOffset()
    let expected = #"an object such as {"run": "./undo.sh"}"#
    guard let start = try beginObject(expected) else { return nil }
    let own = currentStep
    currentStep = step
    defer { currentStep = own }
    var cursor = ObjectCursor("\"onFailure\"", RollbackKey.table)
    while let key = try nextKey(&cursor) {
      switch key {
      case .run: if let command = try readCommand() { reading.command = command }
      case .own(let key):
        if let value = try readValue(of: key) { key.set(value, in: &reading.extras) }
      case .setting(let setting): try read(setting, into: &reading.settings)
      case .refused(let name):
        report(at: cursor.offset(of: name) ?? start, Self.refusal(of: name))
        try skipValue()
      }
    }
    if !cursor.has("run") {
      report(
        at: start,
        #"missing "run": a line for the shell, or an array of a program and its arguments"#)
    }
    return reading
  }

  private static func refusal(of name: String) -> String {
    switch name {
    case "id": "\"onFailure\" has no \"id\": it is the step ID/onFailure"
    case "needs", "when":
      "\"onFailure\" has no \"\(name)\": it runs when its step has failed or was cancelled, and only then"
    case "onFailure": "\"onFailure\" has no \"onFailure\" of its own: give it a \"retry\""
    case "cache", "inputs": "\"onFailure\" has no \"\(name)\": it runs each time"
    case "files", "publish":
      "\"onFailure\" has no \"\(name)\": give them to the step, or write them into their places"
    case "outputs": "\"onFailure\" has no \"outputs\": no step can need it"
    case "call", "with": "\"onFailure\" has no \"\(name)\": give it a \"run\""
    default: "\"onFailure\" has no \"\(name)\""
    }
  }

  /// Refuses `onFailure` of steps that cannot have one.
  mutating func checkRollback(_ cursor: ObjectCursor<StepKey>, isFinally: Bool) -> Bool {
    guard let offset = cursor.offset(of: "onFailure") else { return true }
    let place = "\(pathDescription).onFailure"
    // What a call cannot have is told with its other keys.
    if cursor.has("call") { return false }
    if !isFinally { return true }
    report(
      at: offset, path: place,
      "a step of \"finally\" has no \"onFailure\": another step of \"finally\" can need it with \"when\":"
        + " \"failed\"")
    return false
  }
}

extension StepTable {
  /// Notes what governs the attempts of a step, and gives the place of its settings.
  mutating func note(_ reading: SettingsReading) -> Int32 {
    let (probe, secret) = (reading.probeUse, reading.secretUse)
    if probe.onLost != nil || probe.probe != nil { probeUses.append(probe) }
    if secret.secrets != nil || secret.stragglers != nil { secretUses.append(secret) }
    return index(of: reading.overlay, isEmpty: reading.isEmpty)
  }

  /// Puts a rollback behind its step, the last one.
  ///
  /// - Parameter name: that of its step in `names`; negative if that is faulty.
  mutating func append(_ reading: RollbackReading, ofStepNamed name: Int32) {
    let id = steps.last?.id ?? ""
    var step = StepDefinition(
      id: id.isEmpty ? "" : "\(id)/\(WorkflowDefinition.rollbackName)", command: reading.command)
    step.settingsIndex = note(reading.settings)
    step.extrasIndex = Int32(extras.count)
    extras.append(reading.extras)
    rollbacks.append(steps.count)
    wantedEnds[needs.count] = .settled
    needs.append(NamedNeed(offset: UInt32(reading.offset), name: name))
    offsets.append(UInt32(reading.offset))
    needsEnds.append(UInt32(needs.count))
    steps.append(step)
  }

  func isRollback(_ step: Int) -> Bool { extras[Int(steps[step].extrasIndex)].isRollback }

  /// The step whose needs a step has: of a rollback its own.
  func reader(_ step: Int) -> Int { isRollback(step) ? step - 1 : step }

  /// The step whose rollback has an id; nil if none has.
  func ownerOfRollback(named id: String) -> String? {
    rollbacks.first { steps[$0].id == id }.map { steps[$0 - 1].id }
  }

  /// The ids that can be named.
  var namedIDs: some Collection<String> {
    steps.lazy.map { $0.id }.filter { !$0.utf8.contains(UInt8(ascii: "/")) }
  }

  /// How many rollbacks are before a step.
  func rollbacks(before step: Int) -> Int {
    var (low, high) = (0, rollbacks.count)
    while low < high {
      let middle = (low + high) / 2
      if rollbacks[middle] < step { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
