package import FlowCore
import FlowRuntime
import FlowSystem

/// Answers that were left to what a run asks, and are in no history yet. Of a run that an engine drives they
/// are so for a moment; where none does, until one resumes the run.
package struct KeptAnswers: Sendable {
  private let filed: [FiledAnswer]
  /// What they cannot be told of time.
  private let now: WallTime?

  /// None, and no time in which one could have been given.
  package init() { (filed, now) = ([], nil) }

  /// - Parameter now: when they were looked for.
  package init(_ filed: [FiledAnswer], now: WallTime) { (self.filed, self.now) = (filed, now) }

  /// Those of a run; none where its folder cannot be read.
  init(_ state: RunState?, in home: RunHome<LinuxStorage>, now: WallTime) {
    guard let state, !state.isFinished, !state.askingSteps.isEmpty else {
      self.init([], now: now)
      return
    }
    var requests = AnswerRequests(home.folder(of: state.created.runID), in: home.storage)
    self.init((try? requests.news()) ?? [], now: now)
  }

  /// The one that will count for what the step asks; nil if there is none.
  func first(ofStep step: Int, _ state: RunState) -> Answer? {
    filed.first {
      $0.step == Int32(step) && state.takes($0.answer, ofStep: $0.step) && !isLate($0, state)
    }?.answer
  }

  private func isLate(_ filed: FiledAnswer, _ state: RunState) -> Bool {
    guard let deadline = state.asked(byStep: Int(filed.step))?.deadline else { return false }
    return filed.answer.givenAt >= deadline
  }

  /// Whether the time for an answer has passed, and no engine has recorded that yet.
  func hasPassed(_ asked: AskedQuestion?) -> Bool {
    guard let now, let deadline = asked?.deadline, asked?.endedAt == nil else { return false }
    return deadline <= now
  }
}
