import FlowCore

extension WorkflowDefinition {
  /// A workflow of steps written as `"b"`, or `"b < a c"` where `b` needs `a` and `c`, or `"b < a:failed"`.
  static func of(
    _ steps: String..., each: StepSettings = StepSettings(), with own: [String: StepSettings] = [:],
    timeoutMilliseconds: Int64? = nil, failFast: Bool = false
  ) -> WorkflowDefinition {
    of(
      steps, each: each, with: own, timeoutMilliseconds: timeoutMilliseconds, failFast: failFast)
  }

  static func of(
    _ steps: [String], each: StepSettings = StepSettings(), with own: [String: StepSettings] = [:],
    timeoutMilliseconds: Int64? = nil, failFast: Bool = false
  ) -> WorkflowDefinition {
    let words = steps.map { $0.split(separator: " ").map(String.init) }
    let ids = words.map { $0[0] }
    var settings = [each]
    let definitions = words.map { words in
      if let settingsOfStep = own[words[0]] { settings.append(settingsOfStep) }
      return StepDefinition(
        id: words[0], command: .shell("true"),
        needs: words.dropFirst(2).map {
          Self.index(of: String($0.prefix { $0 != ":" }), in: ids)
        }.sorted(),
        settingsIndex: own[words[0]] == nil ? 0 : Int32(settings.count - 1))
    }
    var workflow = WorkflowDefinition(
      name: "test", timeoutMilliseconds: timeoutMilliseconds, failFast: failFast,
      steps: definitions, settings: settings)
    for (step, words) in words.enumerated() {
      let edges = words.dropFirst(2).compactMap { edge($0, in: ids) }.sorted { $0.need < $1.need }
      workflow.give(StepExtras(edges: edges), toStep: step)
    }
    return workflow
  }

  /// Nil for a need that is to be done.
  private static func edge(_ word: String, in ids: [String]) -> Edge? {
    let parts = word.split(separator: ":").map(String.init)
    guard parts.count == 2 else { return nil }
    guard let wanted = WantedEnd.allCases.first(where: { "\($0)" == parts[1] }) else {
      preconditionFailure("there is no end \(parts[1])")
    }
    return Edge(need: index(of: parts[0], in: ids), wanted: wanted)
  }

  /// The same, whose last steps are those of `finally`.
  func finally(_ count: Int = 1) -> WorkflowDefinition {
    var workflow = self
    workflow.finallyCount = count
    return workflow
  }

  /// The same with notices of such ends.
  func notifying(
    _ outcomes: NoticeOutcomes..., each: StepSettings = StepSettings()
  ) -> WorkflowDefinition {
    var workflow = self
    workflow.settings.append(each)
    for (number, outcomes) in outcomes.enumerated() {
      var extras = StepExtras()
      extras.notice = Notice(on: outcomes)
      workflow.steps.append(
        StepDefinition(
          id: "notify/\(number + 1)", command: .shell("true"),
          settingsIndex: Int32(workflow.settings.count - 1)))
      workflow.give(extras, toStep: workflow.steps.count - 1)
    }
    workflow.notifyCount = outcomes.count
    return workflow
  }

  /// The same with another notice, of a run that takes that long.
  func slow(milliseconds: Int64, each: StepSettings = StepSettings()) -> WorkflowDefinition {
    var workflow = self
    workflow.settings.append(each)
    workflow.notifyCount += 1
    workflow.steps.append(
      StepDefinition(
        id: "notify/\(workflow.notifyCount)", command: .shell("true"),
        settingsIndex: Int32(workflow.settings.count - 1)))
    var extras = StepExtras()
    extras.notice = Notice(slowMilliseconds: milliseconds)
    workflow.give(extras, toStep: workflow.steps.count - 1)
    return workflow
  }

  /// The same, where each step whose id ends with `/onFailure` is the rollback of the one before it.
  func rollingBack() -> WorkflowDefinition {
    var workflow = self
    let edges = steps.indices.map { extras(ofStep: $0).edges }
    workflow.extras = [StepExtras()]
    for step in steps.indices {
      workflow.steps[step].extrasIndex = 0
      var extras = StepExtras(edges: edges[step])
      if steps[step].id.hasSuffix("/\(Self.rollbackName)") {
        workflow.steps[step].needs = [Int32(step - 1)]
        extras = StepExtras(edges: [Edge(need: Int32(step - 1), wanted: .settled)])
        extras.isRollback = true
      }
      workflow.give(extras, toStep: step)
    }
    return workflow
  }

  /// Steps `s0`, `s1` … that need nothing.
  static func independent(
    _ count: Int, each: StepSettings = StepSettings()
  ) -> WorkflowDefinition {
    let steps = (0..<count).map { StepDefinition(id: "s\($0)", command: .shell("true")) }
    return WorkflowDefinition(name: "test", steps: steps, settings: [each])
  }

  /// Steps `s0`, `s1` …, each of which needs the one before.
  static func chain(_ count: Int) -> WorkflowDefinition {
    var workflow = independent(count)
    for step in 1..<count { workflow.steps[step].needs = [Int32(step - 1)] }
    return workflow
  }

  func step(_ id: String) -> Int32 {
    Self.index(of: id, in: steps.map(\.id))
  }

  private static func index(of id: String, in ids: [String]) -> Int32 {
    guard let index = ids.firstIndex(of: id) else { preconditionFailure("there is no step \(id)") }
    return Int32(index)
  }
}

extension StepSettings {
  /// Retries without jitter: after 1 s, 2 s, 4 s …
  static func retrying(
    _ maxAttempts: Int32, initialDelayMilliseconds: Int64 = 1_000, on: FailureKinds = .all,
    exitCodes: [UInt8]? = nil
  ) -> StepSettings {
    StepSettings(
      retry: RetryPolicy(
        maxAttempts: maxAttempts, initialDelayMilliseconds: initialDelayMilliseconds,
        jitter: .none, on: on, exitCodes: exitCodes))
  }
}
