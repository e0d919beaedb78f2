import FlowCore
import FlowText

/// A key of an element of `notify`.
enum NoticeKey: Sendable {
  case on, slow, run
  /// Of this step alone.
  case own(DefinitionKey<StepExtras>)
  case setting(SettingKey)
  case refused(String)

  /// What happens after a loss, and after a failure, is the same for all of them.
  private static let refusedSettings = ["onLost", "probe", "allowFailure"]

  static let table = KeyTable(
    [
      (name: "on", key: Self.on), (name: "slow", key: Self.slow), (name: "run", key: Self.run),
    ]
      + StepDefinition.keys.compactMap { key in
        key.name == "description" ? (name: key.name, key: Self.own(key)) : nil
      }
      + StepSettings.keys.compactMap { key in
        refusedSettings.contains(key.name)
          ? nil : (name: key.name, key: .setting(SettingKey(key)))
      },
    refused: StepDefinition.keys.compactMap { key in
      ["run", "description"].contains(key.name)
        ? nil : (name: key.name, key: Self.refused(key.name))
    } + refusedSettings.map { (name: $0, key: Self.refused($0)) })
}

/// An element of `notify` that was read, before it has its place behind all steps.
struct NoticeReading {
  var command = Command.shell("")
  var extras = StepExtras()
  var settings: SettingsReading
  var offset: Int
}

extension DefinitionReader {
  /// Takes the value of `notify`.
  mutating func readNotify(into table: inout StepTable) throws(SyntaxError) {
    guard
      let start = try beginArray(
        #"an array of objects such as {"on": ["failed"], "run": "./tell.sh"}"#)
    else { return }
    var cursor = ArrayCursor()
    while try nextElement(&cursor) {
      if let notice = try readNotice(at: StepTable.noticesBegin + table.notices.count) {
        table.notices.append(notice)
      }
    }
    if cursor.index < 0 {
      reportMismatch(
        at: start, expected: #"at least one object such as {"on": ["failed"], "run": "./tell.sh"}"#,
        found: "an empty array")
    }
  }

  /// - Parameter step: what stands for its place, which is not known yet.
  private mutating func readNotice(at step: Int) throws(SyntaxError) -> NoticeReading? {
    var reading = NoticeReading(settings: SettingsReading(ofStep: step), offset: try nextOffset())
    currentStep = step
    defer { currentStep = nil }
    let expected = #"an object such as {"on": ["failed"], "run": "./tell.sh"}"#
    guard let start = try beginObject(expected) else { return nil }
    var notice = Notice(on: [])
    var cursor = ObjectCursor("an element of \"notify\"", NoticeKey.table)
    while let key = try nextKey(&cursor) {
      switch key {
      case .on: notice.outcomes = try readOutcomes()
      case .slow: notice.slowMilliseconds = try duration(allowingZero: false)
      case .run: if let command = try readCommand() { reading.command = command }
      case .own(let key):
        if let value = try readValue(of: key) { key.set(value, in: &reading.extras) }
      case .setting(let setting): try readSetting(setting, of: &reading)
      case .refused(let name):
        report(at: cursor.offset(of: name) ?? start, Self.noticeRefusal(of: name))
        try skipValue()
      }
    }
    let place = pathDescription
    if let offset = cursor.offset(of: "slow"), cursor.has("on") {
      report(
        at: offset, path: "\(place).slow",
        #""slow" tells of a run that is not over, and "on" of its end: make two elements of "notify""#
      )
    } else if !cursor.has("on"), !cursor.has("slow") {
      report(
        at: start,
        #"missing "on": an array of the ends to tell of, some of "succeeded", "failed", "cancelled","#
          + #" "recovered"; or "slow": the time after which to tell of a run that is not over"#)
    }
    if !cursor.has("run") {
      report(
        at: start,
        #"missing "run": a line for the shell, or an array of a program and its arguments"#)
    }
    reading.extras.notice = notice
    return reading
  }

  private mutating func readSetting(
    _ setting: SettingKey, of reading: inout NoticeReading
  ) throws(SyntaxError) {
    let offset = try nextOffset()
    try read(setting, into: &reading.settings)
    var settings = StepSettings()
    reading.settings.overlay.apply(to: &settings)
    let most = WorkflowDefinition.mostNotifyAttempts
    if setting.key.name == "retry", settings.retry.maxAttempts > most {
      report(
        at: offset,
        "\"maxAttempts\" is at most \(most) here: the run ends when its \"notify\" has ended")
    }
  }

  private mutating func readOutcomes() throws(SyntaxError) -> NoticeOutcomes {
    let words = NoticeOutcomes.named.map(\.name)
    let hint = ["slow": #"give "slow" a time such as "2h" instead of "on""#]
    if try kind(wanted: .string) == .string {
      guard let index = try readWord(of: words, hints: hint) else { return [] }
      return NoticeOutcomes.named[index].outcome
    }
    guard let start = try beginArray(#"an array such as ["failed", "cancelled"]"#) else {
      return []
    }
    var outcomes = NoticeOutcomes()
    var first: [Int: Int] = [:]
    var cursor = ArrayCursor()
    while try nextElement(&cursor) {
      let offset = try nextOffset()
      guard let index = try readWord(of: words, hints: hint) else { continue }
      reportRepetition(of: index, at: offset, &first)
      outcomes.insert(NoticeOutcomes.named[index].outcome)
    }
    if cursor.index < 0 {
      reportMismatch(at: start, expected: "at least one end of the run", found: "an empty array")
    }
    return outcomes
  }

  private static func noticeRefusal(of name: String) -> String {
    switch name {
    case "id": "\"notify\" has no \"id\": its commands are the steps notify/1, notify/2 and so on"
    case "needs", "when": "\"notify\" has no \"\(name)\": say with \"on\" when it runs"
    case "onFailure": "\"notify\" has no \"onFailure\": give it a \"retry\""
    case "outputs": "\"notify\" has no \"outputs\": no step comes after it"
    case "call", "with": "\"notify\" has no \"\(name)\": give it a \"run\""
    case "onLost", "probe":
      "\"notify\" has no \"\(name)\": if its attempt is lost it runs again, with the same"
        + " FLOW_IDEMPOTENCY_KEY"
    case "allowFailure":
      "\"notify\" has no \"allowFailure\": it changes nothing of the run's outcome"
    default: "\"notify\" has no \"\(name)\""
    }
  }

  /// Puts what `notify` runs behind all steps.
  mutating func placeNotices(in table: inout StepTable) {
    if table.notices.isEmpty { return }
    let first = table.steps.count
    for index in templates.indices {
      if let step = templates[index].step, step >= StepTable.noticesBegin {
        templates[index].step = step - StepTable.noticesBegin + first
      }
    }
    let name = WorkflowDefinition.notifyName
    if let step = table.names.step(named: name) {
      report(
        at: Int(table.offsets[Int(step)]), path: "\(table.path(ofStep: Int(step))).id",
        "no step can have the id \"\(name)\" in a workflow with \"notify\": it is a part of the ids of"
          + " what that runs")
    }
    table.appendNotices()
  }
}

extension StepTable {
  /// Stands for the place of the first notice while others are read: no file has as many steps.
  static let noticesBegin = 1 << 30

  fileprivate mutating func appendNotices() {
    for (number, reading) in notices.enumerated() {
      var settings = reading.settings
      settings.probeUse.step = Int32(steps.count)
      settings.secretUse.step = Int32(steps.count)
      var step = StepDefinition(
        id: "\(WorkflowDefinition.notifyName)/\(number + 1)", command: reading.command)
      step.settingsIndex = note(settings)
      step.extrasIndex = Int32(extras.count)
      extras.append(reading.extras)
      offsets.append(UInt32(reading.offset))
      needsEnds.append(UInt32(needs.count))
      steps.append(step)
    }
    placedNotices = notices.count
  }
}

extension StepSettings {
  /// What `defaults` says of all steps is for those that the run is about.
  mutating func governNotice() {
    onLost = .rerun
    probe = nil
    allowFailure = false
    retry.maxAttempts = min(retry.maxAttempts, Int32(WorkflowDefinition.mostNotifyAttempts))
    timeoutMilliseconds = timeoutMilliseconds ?? WorkflowDefinition.notifyTimeoutMilliseconds
  }
}
