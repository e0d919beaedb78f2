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
      let all = NoticeOutcomes.ends.rawValue
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
      extras.notice = kind(of: Notice(on: outcomes), from: choices, options)
      definition.give(extras, toStep: index)
      definition.notifyCount += 1
    }
  }

  /// Some tell of a recovery besides, or of nothing else, and some of a run that takes long.
  private static func kind(
    of notice: Notice, from choices: any ChoiceSource, _ options: SimulationOptions
  ) -> Notice {
    guard choices.happens(.noticeKinds, perMille: options.noticeKindPercent * 10) else {
      return notice
    }
    switch choices.choose(.noticeKinds, below: 4) {
    case 0: return Notice(on: [notice.outcomes, .recovered])
    case 1: return Notice(on: .recovered)
    default:
      let times: [Int64] = [1_000, 1, 60, 10_000, 60_000]
      return Notice(slowMilliseconds: times[choices.choose(.noticeKinds, below: times.count)])
    }
  }

  /// What the run of the workflow before came to; nil if there was none, or no notice asks.
  static func previousOutcome(
    _ definition: WorkflowDefinition, from choices: any ChoiceSource
  ) -> RunOutcome? {
    guard definition.tellsOfRecovery else { return nil }
    let outcomes: [RunOutcome?] = [nil, .failed, .cancelled, .succeeded]
    return outcomes[choices.choose(.noticeKinds, below: outcomes.count)]
  }
}
