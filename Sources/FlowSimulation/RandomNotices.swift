import FlowCore

/// Notices of random workflows. They are drawn when all else is: they are the last steps.
enum RandomNotices {
  static func draw(
    for definition: inout WorkflowDefinition, _ words: [String], from choices: any ChoiceSource,
    _ options: SimulationOptions
  ) {
    guard options.hasNotify,
      choices.happens(.notify, perMille: options.notifyPercent * 10)
    else { return }
    for number in 1...1 + choices.choose(.notify, below: 3) {
      let index = definition.steps.count
      // The simplest tells of every end.
      let all = NoticeOutcomes.all.rawValue
      let outcomes = NoticeOutcomes(rawValue: all - UInt8(choices.choose(.notify, below: Int(all))))
      var settings = RandomWorkflow.drawSettings(from: choices, options, at: .notify)
      settings.onLost = .rerun
      settings.probe = nil
      settings.allowFailure = false
      settings.retry.maxAttempts = min(
        settings.retry.maxAttempts, Int32(WorkflowDefinition.mostNotifyAttempts))
      settings.timeoutMilliseconds =
        settings.timeoutMilliseconds ?? WorkflowDefinition.notifyTimeoutMilliseconds
      definition.steps.append(
        StepDefinition(
          id: "\(WorkflowDefinition.notifyName)/\(number)",
          command: .program(["work", "\(index)"] + words),
          settingsIndex: Int32(definition.settings.count)))
      definition.settings.append(settings)
      var extras = StepExtras()
      extras.notice = Notice(on: outcomes)
      definition.give(extras, toStep: index)
      definition.notifyCount += 1
    }
  }
}
