/// Questions of the run, and the run of the same workflow before it.
extension Round {
  private var questions: [StepPlan] { plan.steps.filter { $0.question != nil } }

  /// Answers the question of the plan that is at this share of all, by as many processes as there are verdicts.
  func answer(_ share: Int, _ approvals: [Bool]) {
    let questions = questions
    if questions.isEmpty || !folder.hasRun { return }
    let step = questions[share * questions.count / 1_000]
    for approves in approvals { answer(step, approves: approves) }
    noteProcesses()
  }

  private func answer(_ step: StepPlan, approves: Bool) {
    let note = "n\(world.commands.count)"
    var line = ["answer", RoundFolder.runID, step.id, approves ? "--approve" : "--reject"]
    let value = approves && step.question?.hasField == true ? note : nil
    if let value { line += ["--set", "value=\(value)"] }
    _ = start(
      .answer, line + ["--note", note],
      answer: GivenAnswer(step.id, approves: approves, note: note, value: value))
  }

  /// Answers what is asked, where nothing else disturbs the run any more.
  func answerQuestions() {
    let waiting = questions.filter { $0.question?.lastAnswer != nil }
    let isAnswering = world.commands.contains { $0.kind == .answer && $0.ending == nil }
    guard !waiting.isEmpty, !isAnswering, folder.hasRun,
      let status = status(within: 1_000_000).flatMap({ try? StatusReport($0) })
    else { return }
    for step in waiting where status.steps.contains(where: { $0.id == step.id && $0.isAsking }) {
      if let approves = step.question?.lastAnswer { answer(step, approves: approves) }
    }
    noteProcesses()
  }

  /// Looks for processes of steps that ask: there is none.
  private func noteProcesses() {
    let ids = Set(questions.map(\.id))
    let found = processes()
    let owners =
      found.monitors.compactMap(FlowProcesses.attempt)
      + found.steps.compactMap { process in
        if case .step(let name, _) = FlowProcesses.owner(of: process) { name } else { nil }
      }
    record.processesOfQuestions += owners.filter { ids.contains($0.step) }.map(\.description)
  }

  /// Runs another workflow of the same name to its end.
  func runEarlier() {
    guard let outcome = plan.outcomeBefore else { return }
    let code = outcome == "succeeded" ? 0 : 1
    folder.write(
      #"{"name": "torture", "steps": [{"id": "a", "run": ["sh", "-c", "exit \#(code)"]}]}"#,
      to: "earlier.json")
    let process = start(
      .earlierRun, ["run", "\(folder.path)/earlier.json", "--run-id", "earlier", "--quiet"])
    if let process { _ = world.output(of: process, within: 10_000_000) }
  }
}

extension StatusReport.Step {
  fileprivate var isAsking: Bool { state == "asking" }
}
