import FlowCore

/// A definition as a file that says everything and leaves nothing to defaults.
enum DefinitionText {
  private typealias Members = [(key: String, value: String)]

  static func of(_ definition: WorkflowDefinition) -> String {
    var members: Members = [("name", quoted(definition.name))]
    if let jobs = definition.jobs { members.append(("jobs", "\(jobs)")) }
    members.append(("env", environment(definition.environment)))
    members += duration("timeout", definition.timeoutMilliseconds)
    members.append(("failFast", "\(definition.failFast)"))
    let steps = definition.steps.indices.map { step($0, of: definition) }
    members.append(("steps", array(steps)))
    return object(members)
  }

  private static func step(_ index: Int, of definition: WorkflowDefinition) -> String {
    let step = definition.steps[index]
    let needs = step.needs.map { quoted(definition.steps[Int($0)].id) }
    let members: Members = [
      ("id", quoted(step.id)), ("run", command(step.command)), ("needs", array(needs)),
    ]
    return object(members + settings(definition.settings(ofStep: index)))
  }

  private static func settings(_ settings: StepSettings) -> Members {
    var members: Members = [("env", environment(settings.environment))]
    if let folder = settings.workingDirectory { members.append(("cwd", quoted(folder))) }
    members += duration("timeout", settings.timeoutMilliseconds)
    members += duration("killGrace", settings.killGraceMilliseconds)
    members.append(("retry", retry(settings.retry)))
    members.append(("allowFailure", "\(settings.allowFailure)"))
    // The words of these are the names of their cases.
    members.append(("onLost", quoted("\(settings.onLost)")))
    if let probe = settings.probe { members.append(("probe", command(probe))) }
    members.append(("stragglers", quoted("\(settings.stragglers)")))
    members.append(("maxOutput", "\(settings.maxOutputBytes)"))
    return members
  }

  private static func retry(_ retry: RetryPolicy) -> String {
    let kinds: [(FailureKinds, String)] = [
      (.launch, "launch"), (.timeout, "timeout"), (.signal, "signal"), (.exit, "exit"),
    ]
    var members: Members = [("maxAttempts", "\(retry.maxAttempts)")]
    members += duration("initialDelay", retry.initialDelayMilliseconds)
    members += duration("maxDelay", retry.maxDelayMilliseconds)
    members.append(("multiplier", thousandths(retry.multiplierThousandths)))
    members.append(("jitter", quoted("\(retry.jitter)")))
    members.append(("on", array(kinds.filter { retry.on.contains($0.0) }.map { quoted($0.1) })))
    if let codes = retry.exitCodes { members.append(("exitCodes", array(codes.map { "\($0)" }))) }
    return object(members)
  }

  private static func environment(_ variables: [EnvironmentVariable]) -> String {
    object(variables.map { ($0.name, quoted($0.value)) })
  }

  private static func command(_ command: Command) -> String {
    switch command {
    case .shell(let line): quoted(line)
    case .program(let arguments): array(arguments.map(quoted))
    }
  }

  private static func duration(_ key: String, _ milliseconds: Int64?) -> Members {
    milliseconds.map { [(key, quoted("\($0)ms"))] } ?? []
  }

  private static func thousandths(_ value: Int64) -> String {
    "\(value / 1_000)." + String(String(1_000 + value % 1_000).dropFirst())
  }

  // MARK: JSON

  private static func object(_ members: Members) -> String {
    "{" + members.map { "\(quoted($0.key)):\($0.value)" }.joined(separator: ",") + "}"
  }

  private static func array(_ elements: [String]) -> String {
    "[" + elements.joined(separator: ",") + "]"
  }

  /// Escapes only what must be.
  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      if scalar == "\"" || scalar == "\\" {
        result.unicodeScalars.append("\\")
        result.unicodeScalars.append(scalar)
      } else if scalar.value < 0x20 {
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
