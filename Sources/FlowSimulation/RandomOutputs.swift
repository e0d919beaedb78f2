import CMonitor
import FlowCore
import FlowRuntime
import FlowStorage

/// Outputs of random steps: a list, and a text that no other attempt puts out. Commands of steps after them
/// are told the text, and conditions look into the list.
enum RandomOutputs {
  static let all = [
    StepOutput(name: "list", type: .lines), StepOutput(name: "text", type: .string),
  ]
  static let listPlace: Int32 = 0
  private static let textName = "text"

  static func draw(
    from choices: any ChoiceSource, _ options: SimulationOptions
  ) -> [StepOutput] {
    choices.happens(.outputs, perMille: options.outputPercent * 10) ? all : []
  }

  /// Whether `a` is in the list of a need, which may have none.
  static func condition(from choices: any ChoiceSource, _ sources: [Int32]) -> Condition {
    let step = sources[choices.choose(.outputs, below: sources.count)]
    let terms: [Condition.Term] = [
      .literal(.text("a")), .output(step: step, place: listPlace), .literal(.list([])), .otherwise,
      .contained,
    ]
    return Condition(choices.happens(.outputs, perMille: 500) ? terms + [.not] : terms)
  }

  /// Commands get the texts of the steps that have put one out for certain.
  static func tell(
    in definition: inout WorkflowDefinition, from choices: any ChoiceSource,
    _ options: SimulationOptions
  ) {
    guard options.hasOutputs else { return }
    for index in definition.steps.indices {
      let sources = definition.certainSteps(before: index).sorted().filter {
        !definition.outputs(ofStep: Int($0)).isEmpty
      }
      guard !sources.isEmpty, choices.happens(.outputs, perMille: 800),
        case .program(let arguments) = definition.steps[index].command
      else { continue }
      let told = sources.map { source in
        let id = definition.steps[Int(source)].id
        return Template.spelled([.reference(.output(step: id, name: textName))])
      }
      definition.steps[index].command = .program(arguments + told)
    }
  }

  /// The steps whose texts a command is told, in the order of its arguments.
  static func sources(ofStep index: Int, _ definition: WorkflowDefinition) -> [Int32] {
    guard case .program(let arguments) = definition.steps[index].command else { return [] }
    return arguments.dropFirst(3).compactMap { argument in
      guard case .output(let id, _)? = try? Template(argument).onlyReference else { return nil }
      return definition.steps.firstIndex { $0.id == id }.map { Int32($0) }
    }
  }

  static let textPlace = 1
}

extension SimulatedProcesses {
  /// A command has left its outputs, and its monitor copies them.
  ///
  /// - Returns: zero, or a negative error number.
  func collect(_ monitor: SimulatedMonitor) -> Int64 {
    guard let outputs = monitor.request.outputs else { return 0 }
    let bytes = OutputsFile.encode(left(by: monitor, outputs.declared))
    // In both places, whatever the size is.
    let isInRecord = bytes.count % 2 == 0 && bytes.count <= Int(FLOW_RECORD_OUTPUTS_ROOM)
    do throws(Errno) {
      try world.storage.act(as: monitor.process) { () throws(Errno) in
        if isInRecord {
          return try write(bytes, to: record(of: monitor), at: Int64(FLOW_RECORD_SIZE))
        }
        do throws(Errno) { try world.storage.removeFile(outputs.file) } catch {
          if error != .noSuchFile { throw error }
        }
        let file = try world.storage.open(outputs.file, .create)
        defer { try? world.storage.close(file) }
        try write(bytes, to: file, at: 0)
      }
    } catch {
      return -Int64(error.rawValue)
    }
    let mark = OutputsFile.mark(of: bytes)
    monitor.state.end.outputs_size = mark.byteCount
    monitor.state.end.outputs_checksum = mark.checksum
    monitor.state.end.outputs_inside = isInRecord
    return 0
  }

  private func write(
    _ bytes: [UInt8], to file: Int, at start: Int64
  ) throws(Errno) {
    var offset = 0
    while offset < bytes.count {
      let rest = bytes.span.extracting(offset..<bytes.count)
      offset += try world.storage.write(rest, to: file, at: start + Int64(offset))
    }
  }

  /// What the command has left: drawn once, however often its monitor looks.
  private func left(
    by monitor: SimulatedMonitor, _ declared: [StepOutput]
  ) -> [OutputsFile.Entry] {
    let entry = world.ledger.entries[monitor.entry]
    if entry.outputs == nil {
      let (values, fault) = draw(monitor, declared)
      if fault != nil { world.befell(.outputsAreWrong) }
      world.ledger.putOut(monitor.entry, values, fault)
    }
    let drawn = world.ledger.entries[monitor.entry]
    if let fault = drawn.outputFault, let number = Self.number(of: fault) {
      return [OutputsFile.Entry(fault: number, name: declared[0].name)]
    }
    return zip(declared, drawn.outputs ?? []).map {
      OutputsFile.Entry(name: $0.name, value: $1)
    }
  }

  /// With some that no items can be.
  private static let lists = ["a\n", "b\na\n", "", "c\nb\n", "a\nb\nc\n", "a\nb\na\n"]

  private func draw(
    _ monitor: SimulatedMonitor, _ declared: [StepOutput]
  ) -> ([[UInt8]], OutputFault?) {
    let attempt = monitor.request.attempt
    func pick(_ texts: String...) -> String {
      texts[world.choices.choose(.outputContent, below: texts.count)]
    }
    var values = declared.map { output in
      let text: String
      switch output.type {
      case .lines where world.options.hasForEach:
        text = Self.lists[world.choices.choose(.itemLists, below: Self.lists.count)]
      case .lines: text = pick("", "a\n", "b\na\n")
      case .string:
        text = "put out by \(attempt.step)#\(attempt.number) ${run.id} (\(monitor.entry))"
      // Of a workflow that people wrote.
      case .int: text = pick("0", "1", "7")
      case .number: text = pick("0", "1", "2.5")
      case .bool: text = pick("true", "false", "true")
      case .date: text = pick("2026-11-29", "2026-11-30", "2027-01-01")
      case .json: text = pick(#"["a"]"#, #"["b", "a"]"#, "[]")
      }
      return Array(text.utf8)
    }
    let percent = world.isHealed ? 0 : world.options.outputFaultPercent
    guard world.choices.happens(.outputContent, perMille: percent * 10) else {
      return (values, nil)
    }
    let faults: [OutputFault] = [.missing, .notText, .undeclared, .tooLarge, .notText]
    let fault = faults[world.choices.choose(.outputContent, below: faults.count)]
    if fault == .notText { values[values.count - 1] = [0xFF] }
    return (values, fault)
  }

  /// What a monitor sees by itself; nil for what it copies.
  private static func number(of fault: OutputFault) -> UInt32? {
    switch fault {
    case .missing: FLOW_OUTPUTS_MISSING.rawValue
    case .undeclared: FLOW_OUTPUTS_UNDECLARED.rawValue
    case .tooLarge: FLOW_OUTPUTS_TOO_LARGE.rawValue
    default: nil
    }
  }
}
