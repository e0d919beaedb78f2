import FlowCommandLine

/// Writes a plan's workflow as a definition file.
struct WorkflowText {
  /// Absolute paths.
  let program: String
  let ledger: String

  /// - Parameter group: of the runs of the workflow; nil for none.
  func text(_ plan: RoundPlan, group: String? = nil) -> String {
    var json = JSONWriter()
    json.object { json in
      json.member("name", "torture")
      json.member("jobs", plan.jobs)
      json.member("failFast", plan.failFast)
      if let group { json.member("exclusive", group) }
      if let timeout = plan.timeout { json.member("timeout", "\(timeout)ms") }
      json.key("steps")
      json.array { json in
        for step in plan.steps where !step.isFinally && step.isOwn { write(step, plan, to: &json) }
      }
      if plan.steps.contains(where: \.isFinally) {
        json.key("finally")
        json.array { json in
          for step in plan.steps where step.isFinally { write(step, plan, to: &json) }
        }
      }
      if plan.steps.contains(where: { $0.notice != nil }) {
        json.key("notify")
        json.array { json in
          for step in plan.steps where step.notice != nil { write(step, plan, to: &json) }
        }
      }
    }
    json.endLine()
    return json.take()
  }

  private func write(_ step: StepPlan, _ plan: RoundPlan, to json: inout JSONWriter) {
    json.object { json in
      if step.isOwn {
        json.member("id", step.id)
        json.key("needs")
        json.array { json in for need in step.needs { write(need, of: step, plan, to: &json) } }
        if let condition = step.condition { json.member("when", condition.text(plan)) }
      }
      if let question = step.question { return write(question, of: step, to: &json) }
      if let slow = step.slow {
        json.member("slow", "\(slow)ms")
      } else if let ends = step.notice {
        json.key("on")
        json.array { json in for end in ends { json.string(end) } }
      }
      write(outputsOf: step, to: &json)
      if let rollback = plan.steps.first(where: { $0.rolledBack == step.id }) {
        json.key("onFailure")
        write(rollback, plan, to: &json)
      }
      if let node = step.node {
        write(node, plan, to: &json)
        if !node.chain.isEmpty {
          json.member("allowFailure", step.allowFailure)
          json.key("steps")
          json.array { json in
            for link in node.chain { writeForItems(link, needing: node.chain, to: &json) }
          }
          return
        }
        writeItem(to: &json)
      }
      writeWork(step, to: &json)
    }
  }

  private func write(_ need: Int, of step: StepPlan, _ plan: RoundPlan, to json: inout JSONWriter) {
    guard let wanted = step.wanted[need] else { return json.string(plan.steps[need].id) }
    json.object { json in
      json.member("step", plan.steps[need].id)
      json.member("when", wanted.rawValue)
    }
  }

  private func write(_ question: QuestionPlan, of step: StepPlan, to json: inout JSONWriter) {
    json.member("allowFailure", step.allowFailure)
    json.key("ask")
    json.object { json in
      json.member("text", "continue?")
      if let timeout = question.timeout {
        json.member("timeout", "\(timeout)ms")
        json.member("otherwise", question.otherwise.rawValue)
      }
      guard question.hasField else { return }
      json.key("fields")
      json.object { json in json.member("value", "string") }
    }
  }

  /// What a step does, and how.
  private func writeWork(_ step: StepPlan, to json: inout JSONWriter) {
    json.key("run")
    write(command(of: step), to: &json)
    if let timeout = step.timeout { json.member("timeout", "\(timeout)ms") }
    json.member("killGrace", "\(step.killGrace)ms")
    if step.notice == nil {
      json.member("allowFailure", step.allowFailure)
      json.member("onLost", step.onLost.rawValue)
    }
    if step.onLost == .probe {
      json.key("probe")
      write(.program([program, "probe", ledger, step.probe.description]), to: &json)
    }
    json.member("stragglers", step.keepsStragglers ? "keep" : "kill")
    json.key("retry")
    write(step.retry, to: &json)
  }

  private func write(outputsOf step: StepPlan, to json: inout JSONWriter) {
    guard step.hasList else {
      if step.hasOutput { json.member("outputs", "value") }
      return
    }
    json.key("outputs")
    json.object { json in
      if step.hasOutput { json.member("value", "string") }
      json.member("list", "lines")
    }
  }

  // MARK: Items

  private func write(_ node: NodePlan, _ plan: RoundPlan, to json: inout JSONWriter) {
    json.key("forEach")
    json.object { json in
      switch node.source {
      case .step(let place): json.member("over", "steps.\(plan.steps[place].id).list")
      case .literal(let items):
        json.key("over")
        json.array { json in for item in items { json.string(item) } }
      }
      json.member("max", node.most)
      if let jobs = node.jobs { json.member("jobs", jobs) }
      switch node.tolerance {
      case nil: break
      case .count(let most): json.member("tolerate", most)
      case .percent(let percent): json.member("tolerate", "\(percent)%")
      }
      json.member("empty", node.whenEmpty.rawValue)
    }
  }

  private func writeItem(to json: inout JSONWriter) {
    json.key("env")
    json.object { json in json.member("ITEM", "${item}") }
  }

  /// A step of a chain.
  private func writeForItems(
    _ step: StepPlan, needing chain: [StepPlan], to json: inout JSONWriter
  ) {
    json.object { json in
      json.member("id", step.id)
      json.key("needs")
      json.array { json in for need in step.needs { json.string(chain[need].id) } }
      writeItem(to: &json)
      writeWork(step, to: &json)
    }
  }

  private enum Command {
    case shell(String)
    case program([String])
  }

  private func command(of step: StepPlan) -> Command {
    let groups = (step.groups.isEmpty ? [step.behaviours] : step.groups)
      .map { $0.map(\.description) }
    let words = [program, "step", ledger] + groups.joined(separator: ["/"])
    switch step.program {
    case .direct: return .program(words)
    // A second command keeps the shell from replacing itself by the first.
    case .shell: return .shell(words.map { "'\($0)'" }.joined(separator: " ") + "; exit $?")
    case .missing: return .program(["\(ledger)/no-such-program"])
    }
  }

  private func write(_ command: Command, to json: inout JSONWriter) {
    switch command {
    case .shell(let line): json.string(line)
    case .program(let words): json.array { json in for word in words { json.string(word) } }
    }
  }

  private func write(_ retry: RetryPlan, to json: inout JSONWriter) {
    json.object { json in
      json.member("maxAttempts", retry.maxAttempts)
      json.member("initialDelay", "\(retry.initialDelay)ms")
      json.member("multiplier", retry.multiplier)
      json.member("maxDelay", "\(retry.maxDelay)ms")
      json.member("jitter", retry.hasJitter ? "full" : "none")
      json.key("on")
      json.array { json in for kind in retry.on { json.string(kind) } }
      if let codes = retry.exitCodes {
        json.key("exitCodes")
        json.array { json in for code in codes { json.integer(code) } }
      }
    }
  }
}
