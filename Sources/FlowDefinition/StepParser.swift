import FlowCore
import FlowText

/// A key of a step.
enum StepKey: Sendable {
  case id, run, call, with, ask, needs, when, onFailure, forEach, steps
  /// Of this step alone.
  case own(DefinitionKey<StepExtras>)
  case setting(SettingKey)

  static let table = KeyTable(
    StepDefinition.keys.map { (name: $0.name, key: Self($0)) }
      + StepSettings.keys.map { (name: $0.name, key: .setting(SettingKey($0))) })

  private init(_ key: DefinitionKey<StepExtras>) {
    switch key.name {
    case "id": self = .id
    case "run": self = .run
    case "call": self = .call
    case "with": self = .with
    case "ask": self = .ask
    case "needs": self = .needs
    case "when": self = .when
    case "onFailure": self = .onFailure
    case "forEach": self = .forEach
    case "steps": self = .steps
    default: self = .own(key)
    }
  }
}

/// A key that governs attempts, with the table of its members where it is an object.
final class SettingKey: Sendable {
  let key: DefinitionKey<StepSettings>
  /// One for an object, none for others.
  let members: [KeyTable<SettingKey>]

  init(_ key: DefinitionKey<StepSettings>) {
    self.key = key
    members =
      key.members.isEmpty
      ? [] : [KeyTable(key.members.map { (name: $0.name, key: SettingKey($0)) })]
  }

  static let defaultsTable = KeyTable(
    StepSettings.keys.map { (name: $0.name, key: SettingKey($0)) })
}

/// The steps during parsing. Checks that need all steps are deferred as offsets: a step costs a
/// dozen bytes more than in the definition.
struct StepTable {
  /// Needs are still empty, and `settingsIndex` counts in `overlays`. A step with errors has its
  /// place too, with an empty id if that is missing or bad.
  var steps: [StepDefinition] = []
  /// As in the definition.
  var extras = [StepExtras()]
  private(set) var overlays = InternTable<SettingsOverlay>()
  /// The index of the empty overlay; most steps have it.
  private var emptyOverlay: Int32?
  /// Where each step's id is, or its beginning if it has none.
  var offsets: [UInt32] = []
  var names = StepNameTable()
  /// The first of several steps with the same id: a need of that id may mean any of them.
  var duplicates: Set<Int32> = []

  /// The elements of all `needs`, step after step; those of step `i` end at `needsEnds[i]`.
  var needs: [NamedNeed] = []
  var needsEnds: [UInt32] = []

  struct NamedNeed {
    var offset: UInt32
    /// In `names`; negative if the element is no string without fault, which was reported.
    var name: Int32
  }

  /// By place in `needs`, what is wanted of them besides that they are done.
  var wantedEnds: [Int: WantedEnd] = [:]

  var conditions: [ConditionUse] = []

  var forEachUses: [ForEachUse] = []

  /// What nodes run in place of themselves, until it has its place behind all steps.
  var chains: [ChainReading] = []
  var placedChains: [PlacedChain] = []
  /// How many of the steps, the last ones, are of chains.
  var chainCount = 0
  /// Where these steps are in the file's values, if they are a chain.
  var pathOfSteps: String?

  /// The steps that call other files, in their order.
  var calls: [Call] = []

  func isCall(_ step: Int) -> Bool { calls.contains { $0.step == step } }

  /// The steps that give `onLost` or `probe` themselves.
  var probeUses: [ProbeUse] = []

  /// The steps that give `secrets` or `stragglers` themselves.
  var secretUses: [SecretUseOffsets] = []

  /// The offsets of these keys in a step; nil if absent.
  struct SecretUseOffsets {
    var step: Int32
    var secrets: Int?
    var stragglers: Int?
  }

  /// The same of these.
  struct ProbeUse {
    var step: Int32
    var onLost: Int?
    var probe: Int?
  }

  /// The index of the overlay in `overlays`; adds it if it is new.
  mutating func index(of overlay: SettingsOverlay, isEmpty: Bool) -> Int32 {
    guard isEmpty else { return overlays.index(of: overlay) }
    let index = emptyOverlay ?? overlays.index(of: overlay)
    emptyOverlay = index
    return index
  }

  /// Changes the keys that most steps lack, of a step that is read.
  mutating func changeExtras(ofStep step: Int, _ change: (inout StepExtras) -> Void) {
    if steps[step].extrasIndex == 0 {
      steps[step].extrasIndex = Int32(extras.count)
      extras.append(StepExtras())
    }
    change(&extras[Int(steps[step].extrasIndex)])
  }

  /// The steps of `finally`, where they were read.
  var finallySteps = 0..<0

  /// Whether a step belongs to `finally`, when these are the last.
  func isFinally(_ step: Int) -> Bool {
    step >= firstNotice - finallySteps.count && step < firstNotice
  }

  /// What `notify` runs, until it has its place behind all steps.
  var notices: [NoticeReading] = []
  /// How many of the steps, the last ones, it runs.
  var placedNotices = 0

  var firstNotice: Int { steps.count - chainCount - placedNotices }

  func isNotice(_ step: Int) -> Bool { step >= firstNotice && step < steps.count - chainCount }

  /// The rollbacks, ascending.
  var rollbacks: [Int] = []

  /// Where a step is in the file's values.
  func path(ofStep step: Int) -> String {
    if let pathOfSteps { return "\(pathOfSteps)[\(step)]" }
    if let chain = chain(of: step) {
      return "\(path(ofStep: chain.node)).steps[\(chain.steps.firstIndex(of: step) ?? 0)]"
    }
    if isNotice(step) { return "notify[\(step - firstNotice)]" }
    if isFinally(step) { return "finally[\(step - (firstNotice - finallySteps.count))]" }
    if rollbacks.isEmpty { return "steps[\(step)]" }
    return isRollback(step)
      ? "\(path(ofStep: step - 1)).onFailure" : "steps[\(step - rollbacks(before: step))]"
  }

  /// What a step puts out; a node a list of each.
  func outputs(ofStep step: Int) -> [StepOutput] {
    let extras = extras[Int(steps[step].extrasIndex)]
    if extras.forEach == nil { return extras.outputs }
    let chain = placedChains.first { $0.node == step }?.range ?? step..<step + 1
    return chain.flatMap { self.extras[Int(steps[$0].extrasIndex)].outputs }
      .map { StepOutput(name: $0.name, type: .json) }
      .sorted { SettingsOverlay.precedes($0.name, $1.name) }
  }

  /// The range in `needs` of a step's needs.
  func needsRange(ofStep step: Int) -> Range<Int> {
    (step == 0 ? 0 : Int(needsEnds[step - 1]))..<Int(needsEnds[step])
  }
}

/// The ids that steps have and that needs name.
struct StepNameTable {
  private(set) var texts: [String] = []
  /// The step of each name; the first one if several have it, negative if none has.
  var steps: [Int32] = []
  private var indices: [String: Int32] = [:]

  /// The step with an id; nil if there is none.
  func step(named id: String) -> Int32? {
    guard StepID.isValid(id), let index = indices[id], steps[Int(index)] >= 0 else { return nil }
    return steps[Int(index)]
  }

  /// The index of a name in `texts`; adds it if it is new.
  mutating func index(of text: String) -> Int32 {
    let next = Int32(texts.count)
    // Only valid ids are looked up: the Kelvin sign equals the letter K where strings are compared.
    // No step has any other name.
    if StepID.isValid(text) {
      let index = indices[text, default: next]
      if index != next { return index }
      indices[text] = next
    }
    texts.append(text)
    steps.append(-1)
    return next
  }
}

extension DefinitionReader {
  mutating func readSteps(into table: inout StepTable, isFinally: Bool) throws(SyntaxError) {
    guard let start = try beginArray("an array of steps") else { return }
    var cursor = ArrayCursor()
    let first = table.steps.count
    while try nextElement(&cursor) { try readStep(into: &table, isFinally: isFinally) }
    if isFinally { table.finallySteps = first..<table.steps.count }
    if cursor.index < 0 {
      reportMismatch(at: start, expected: "at least one step", found: "an empty array")
    }
  }

  private mutating func readStep(
    into table: inout StepTable, isFinally: Bool
  ) throws(SyntaxError) {
    var offset = try nextOffset()
    currentStep = table.steps.count
    var step = StepDefinition(id: "", command: .shell(""))
    var extras = StepExtras()
    var hasExtras = false
    var settings = SettingsReading(ofStep: table.steps.count)
    var rollback: RollbackReading?
    var name: Int32 = -1
    var call: Call?
    var bindings: [Call.Binding] = []
    // An element with errors keeps its index, so that indices match the file.
    defer {
      currentStep = nil
      table.offsets.append(UInt32(offset))
      table.needsEnds.append(UInt32(table.needs.count))
      table.steps.append(step)
      if let rollback { table.append(rollback, ofStepNamed: name) }
    }
    let expected = #"an object such as {"id": "build", "run": "make"}"#
    guard let start = try beginObject(expected) else { return }
    var cursor = ObjectCursor("a step", StepKey.table)
    while let key = try nextKey(&cursor) {
      switch key {
      case .id:
        offset = try nextOffset()
        step.id = try readID(ofStep: table.steps.count, &table) ?? ""
        if !step.id.isEmpty { name = table.names.index(of: step.id) }
      case .run: if let command = try readCommand() { step.command = command }
      case .call: call = try readCall(ofStep: table.steps.count)
      case .with: bindings = try readBindings()
      case .ask:
        if let ask = try readAsk() {
          extras.question = ask.question
          if !ask.fields.isEmpty { extras.outputs = ask.fields }
          hasExtras = true
        }
      case .needs: try readNeeds(into: &table)
      case .when:
        if let use = try readCondition(ofStep: table.steps.count) { table.conditions.append(use) }
      case .own(let key):
        if let value = try readValue(of: key) {
          key.set(value, in: &extras)
          hasExtras = true
        }
      case .forEach:
        if let reading = try readForEach() {
          extras.forEach = reading.forEach
          if !isInChain {
            table.forEachUses.append(ForEachUse(step: table.steps.count, reading: reading))
          }
          hasExtras = true
        }
      case .steps: try readChain(of: table.steps.count, into: &table)
      case .onFailure: rollback = try readRollback(at: table.steps.count + 1)
      case .setting(let setting): try read(setting, into: &settings)
      }
    }
    if !cursor.has("id") { report(at: start, #"missing "id": a name for the step"#) }
    checkCall(cursor, at: start)
    if !checkRollback(cursor, isFinally: isFinally) { rollback = nil }
    checkAsk(cursor, isFinally: isFinally)
    checkForEach(cursor, isFinally: isFinally)
    checkChain(cursor)
    if isInChain { (rollback, call, extras.forEach, extras.question) = (nil, nil, nil, nil) }
    if isFinally, let offset = cursor.offset(of: "call") {
      let place = "\(pathDescription).call"
      report(
        at: offset, path: place,
        #"a step of "finally" has no "call": give it a "run""#)
    } else if var call {
      call.bindings = bindings
      table.calls.append(call)
    }
    step.settingsIndex = table.note(settings)
    if hasExtras {
      step.extrasIndex = Int32(table.extras.count)
      table.extras.append(extras)
    }
  }

  /// Takes the value of a key that governs attempts.
  mutating func readSetting(
    _ setting: SettingKey, into overlay: inout SettingsOverlay
  ) throws(SyntaxError) {
    guard case .object(let example) = setting.key.type else {
      let offset = try nextOffset()
      guard let value = try readValue(of: setting.key) else { return }
      if setting.key.name == "cwd", case .text(let path) = value {
        noteTemplate(path, at: offset, isFolder: true)
      }
      overlay.give(value, for: setting.key)
      return
    }
    guard try beginObject("an object such as \(example)") != nil else { return }
    var cursor = ObjectCursor("\"\(setting.key.name)\"", setting.members[0])
    while let member = try nextKey(&cursor) { try readSetting(member, into: &overlay) }
  }

  private mutating func readID(
    ofStep step: Int, _ table: inout StepTable
  ) throws(SyntaxError) -> String? {
    let expected =
      "a step id: 1 to 64 letters, digits, \".\", \"_\" or \"-\", the first a letter or digit"
    guard let token = try string(expected) else { return nil }
    let id = text(of: token)
    guard StepID.isValid(id) else {
      reportMismatch(at: token.offset, expected: expected, found: Quoting.quoted(id))
      return nil
    }
    if id == WorkflowDefinition.rollbackName {
      report(
        at: token.offset,
        "no step can have the id \"\(id)\": it is a part of the ids of what \"onFailure\" runs")
      return nil
    }
    let name = Int(table.names.index(of: id))
    let first = table.names.steps[name]
    if first < 0 {
      table.names.steps[name] = Int32(step)
    } else {
      let place = RelatedPlace(
        relation: "first given at", offset: Int(table.offsets[Int(first)]))
      table.duplicates.insert(first)
      report(at: token.offset, "duplicate step id \(Quoting.quoted(id))", place)
    }
    return id
  }
}

enum StepID {
  /// Of a step of the workflow, or of one that it calls: ids with `/` between them.
  static func isValidPath(_ id: String) -> Bool {
    id.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { isValid(String($0)) }
  }

  /// `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`
  static func isValid(_ id: String) -> Bool {
    guard let first = id.utf8.first, id.utf8.count <= EditDistance.longestName else { return false }
    return isAlphanumeric(first) && id.utf8.dropFirst().allSatisfy(isInner)
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }

  private static func isInner(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
    default: isAlphanumeric(byte)
    }
  }
}
