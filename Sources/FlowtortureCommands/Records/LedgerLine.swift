/// A line that a process of a step wrote into the ledger. `CTorture` describes the format.
package struct LedgerLine: Equatable, Sendable {
  package enum What: Equatable, Sendable {
    /// The command of the attempt starts.
    case start
    /// The probe of the step starts.
    case probe
    /// The command is active.
    case beat
    /// It was handed what another step has put out.
    case took(step: String, value: String)
    /// It has put out its own value.
    case put
    /// It has put out its list.
    case list
    case exit(code: Int)
    case die(signal: Int)
    /// A child starts, with the flags of its behaviour.
    case child(flags: String)
    case childBeat
    case childEnd
  }

  /// CLOCK_MONOTONIC immediately before the write.
  package let microseconds: Int
  package let what: What
  package let run: String
  package let attempt: AttemptName
  package let process: Int32
  /// What a command that starts was told to be its item: by `$FLOW_ITEM`, and by `${item}`.
  package let items: [String]

  package init(
    _ microseconds: Int, _ what: What, _ attempt: AttemptName, process: Int32 = 1,
    run: String = "r", items: [String] = []
  ) {
    self.microseconds = microseconds
    self.what = what
    self.run = run
    self.attempt = attempt
    self.process = process
    self.items = items
  }

  /// Nil if the text is not a line of a ledger.
  package init?(_ text: some StringProtocol) {
    let words = text.split(separator: " ")
    guard words.count >= 6, let microseconds = Int(words[0]),
      let what = What(words[1], words.dropFirst(6)), let number = Int(words[4]),
      let process = Int32(words[5])
    else { return nil }
    self.init(
      microseconds, what, AttemptName(String(words[3]), number), process: process,
      run: String(words[2]),
      items: what == .start || what == .probe ? words.dropFirst(6).map { String($0) } : [])
  }

  /// Whether the command itself wrote the line, and not a child.
  package var isOfCommand: Bool {
    switch what {
    case .start, .probe, .beat, .took, .put, .list, .exit, .die: true
    case .child, .childBeat, .childEnd: false
    }
  }

  package var isStart: Bool { what == .start || what == .probe }

  /// Whether it is the last line of the command.
  package var isEnd: Bool {
    switch what {
    case .exit, .die: true
    case .start, .probe, .beat, .took, .put, .list, .child, .childBeat, .childEnd: false
    }
  }
}

extension LedgerLine.What {
  fileprivate init?(_ word: some StringProtocol, _ detail: ArraySlice<some StringProtocol>) {
    switch word {
    case "start": self = .start
    case "probe": self = .probe
    case "beat": self = .beat
    case "child": self = .child(flags: detail.first.map { String($0) } ?? "")
    case "childbeat": self = .childBeat
    case "childend": self = .childEnd
    case "put": self = .put
    case "list": self = .list
    case "took":
      guard detail.count == 2 else { return nil }
      self = .took(
        step: String(detail[detail.startIndex]), value: String(detail[detail.startIndex + 1]))
    case "end":
      guard detail.count == 2, let number = Int(detail[detail.startIndex + 1]) else { return nil }
      switch detail[detail.startIndex] {
      case "exit": self = .exit(code: number)
      case "signal": self = .die(signal: number)
      default: return nil
      }
    default: return nil
    }
  }
}
