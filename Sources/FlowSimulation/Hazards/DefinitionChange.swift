package import FlowCore

/// One change to a definition that may make a step less hazardous.
package struct DefinitionChange: Equatable, Sendable {
  package enum Kind: Equatable, Sendable {
    case onLost(OnLost)
    case retry(maxAttempts: Int32)
    case timeout(milliseconds: Int64)
  }

  package let step: Int
  package let kind: Kind

  package init(step: Int, _ kind: Kind) {
    self.step = step
    self.kind = kind
  }

  /// The definition with the change, for that step alone.
  package func apply(to definition: inout WorkflowDefinition) {
    var settings = definition.settings(ofStep: step)
    switch kind {
    case .onLost(let onLost):
      settings.onLost = onLost
      settings.probe = onLost == .probe ? settings.probe ?? .program(["probe"]) : nil
    case .retry(let maxAttempts):
      settings.retry.maxAttempts = maxAttempts
      settings.retry.on = .all
      settings.retry.exitCodes = nil
    case .timeout(let milliseconds): settings.timeoutMilliseconds = milliseconds
    }
    definition.steps[step].settingsIndex = Int32(definition.settings.count)
    definition.settings.append(settings)
  }

  /// A new probe answers at once, and is never wrong.
  package func apply(to model: inout WorkflowModel) {
    if kind == .onLost(.probe) { model.probes[step] = WorkflowModel.Command() }
  }
}

extension DefinitionChange {
  /// Changes that could help a step, the most promising first.
  static func candidates(
    for tally: StepTally, _ definition: WorkflowDefinition, _ model: WorkflowModel
  ) -> [DefinitionChange] {
    let settings = definition.settings(ofStep: tally.step)
    var kinds: [Kind] = []
    if tally.worldsRepeated > 0 || tally.worldsFailedByLoss > 0 {
      let others: [OnLost] =
        switch settings.onLost {
        // A probe prevents nothing where the work was never done.
        case .rerun: tally.worldsRepeatedAfterSuccess > 0 ? [.probe, .fail] : [.fail]
        case .fail: [.probe, .rerun]
        case .probe: []
        }
      kinds += others.map(Kind.onLost)
    }
    if tally.worldsHung > 0 && settings.timeoutMilliseconds == nil {
      kinds.append(.timeout(milliseconds: sufficientTimeout(model.commands[tally.step])))
    }
    if tally.worldsFailedByCommand > 0 && !settings.allowFailure {
      let more = settings.retry.maxAttempts.addingReportingOverflow(2)
      if !more.overflow { kinds.append(.retry(maxAttempts: more.partialValue)) }
    }
    return kinds.map { DefinitionChange(step: tally.step, $0) }
  }

  /// Twice what the command takes at most, in whole minutes.
  private static func sufficientTimeout(_ command: WorkflowModel.Command) -> Int64 {
    let minutes = command.microseconds.upperBound / 30_000_000 + 1
    return minutes * 60_000
  }
}
