import FlowJSON

/// The output of `flow status --json`.
package struct StatusReport: Equatable, Sendable {
  package struct Step: Equatable, Sendable {
    package let id: String
    package let state: String
    package let attempts: [Attempt]

    package init(_ id: String, _ state: String, _ attempts: [Attempt] = []) {
      self.id = id
      self.state = state
      self.attempts = attempts
    }
  }

  package struct Attempt: Equatable, Sendable {
    package let number: Int
    /// Nil while it runs.
    package let outcome: String?
    package let exitCode: Int?
    package let signal: Int?

    package init(_ number: Int, _ outcome: String?, exitCode: Int? = nil, signal: Int? = nil) {
      self.number = number
      self.outcome = outcome
      self.exitCode = exitCode
      self.signal = signal
    }
  }

  package let state: String
  package let engineProcess: Int32?
  package let steps: [Step]

  package init(state: String, engineProcess: Int32? = nil, steps: [Step] = []) {
    self.state = state
    self.engineProcess = engineProcess
    self.steps = steps
  }

  package init(_ text: String) throws(Unreadable) {
    guard let json = try? JSON(text), let state = json["state"]?.string,
      let steps = json["steps"]?.elements
    else { throw Unreadable(text: text) }
    self.state = state
    engineProcess = json["enginePid"]?.integer.map { Int32(clamping: $0) }
    var read: [Step] = []
    for step in steps {
      guard let id = step["id"]?.string, let state = step["state"]?.string else {
        throw Unreadable(text: text)
      }
      let attempts = step["attempts"]?.elements ?? []
      read.append(Step(id, state, attempts.compactMap(Attempt.init(json:))))
      if read.last?.attempts.count != attempts.count { throw Unreadable(text: text) }
    }
    self.steps = read
  }

  package static let ends = ["succeeded", "failed", "cancelled"]

  package var isFinished: Bool { Self.ends.contains(state) }
}

extension StatusReport.Attempt {
  fileprivate init?(json: JSON) {
    guard let number = json["attempt"]?.integer else { return nil }
    self.init(
      number, json["outcome"]?.string, exitCode: json["exitCode"]?.integer,
      signal: json["signal"]?.integer)
  }
}
