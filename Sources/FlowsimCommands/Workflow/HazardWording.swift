import FlowCore
import FlowSimulation

/// Causes and changes in words.
extension HazardCause {
  /// Such as `12 power losses`.
  func counted(_ count: Int) -> String {
    switch self {
    case .disk: "\(Plural.of(count, "fault")) of the disk"
    case .powerLoss: Plural.of(count, "power loss")
    case .monitorKilled: Plural.of(count, "killed monitor")
    case .launcherKilled: Plural.of(count, "killed launcher")
    case .engineKilled: Plural.of(count, "killed engine")
    case .other: "\(Plural.of(count, "fault")) of another kind"
    }
  }

  /// For JSON.
  var key: String { "\(self)" }
}

extension CauseCounts {
  /// Such as `12 power losses, 2 killed monitors`.
  var list: String { ranked.map { $0.cause.counted($0.count) }.joined(separator: ", ") }

  /// Such as `of the machine: 12 power losses; of processes: 2 killed monitors`; empty where there
  /// are none.
  var grouped: String {
    let groups = [
      ("of the machine", ranked.filter(\.cause.isOfMachine)),
      ("of processes", ranked.filter { !$0.cause.isOfMachine }),
    ]
    return groups.filter { !$0.1.isEmpty }.map { name, causes in
      "\(name): " + causes.map { $0.cause.counted($0.count) }.joined(separator: ", ")
    }.joined(separator: "; ")
  }
}

extension DefinitionChange.Kind {
  /// As it is written in a definition.
  var member: String {
    switch self {
    case .onLost(let onLost): "\"onLost\": \"\(onLost)\""
    case .retry(let maxAttempts): "\"retry\": {\"maxAttempts\": \(maxAttempts)}"
    case .timeout(let milliseconds): "\"timeout\": \"\(milliseconds / 60_000)m\""
    }
  }

  /// What else the change assumes.
  var condition: String {
    switch self {
    case .onLost(.probe): " and a correct probe"
    case .onLost, .retry, .timeout: ""
    }
  }
}
