import FlowCommandLine
package import FlowCore

/// A run at the time of looking: its history, the process that drives it, and until when its open
/// attempts and steps are shown.
package struct RunView: Sendable {
  package let history: RunHistory
  package let runID: String
  package let isHeld: Bool
  /// Nil where no process drives the run, or the one that does has not said so yet.
  package let engineProcessID: Int32?
  /// Whether that process does nothing until it is continued.
  package let isSuspended: Bool
  /// What that process waits for.
  package let lacking: Shortages
  /// Open attempts and steps are shown up to here: now, or the end of a history that does not grow.
  package let now: RunPoint
  package let status: RunStatus
  let wording: StepWording

  /// - Parameters:
  ///   - now: the time of looking.
  ///   - bootID: of the clock of `now`.
  package init(
    _ history: RunHistory, runID: String, isHeld: Bool, engineProcessID: Int32?,
    isSuspended: Bool = false, lacking: Shortages = [], now: Moment, bootID: String
  ) {
    self.history = history
    self.runID = runID
    self.isHeld = isHeld
    self.engineProcessID = engineProcessID
    self.isSuspended = isHeld && isSuspended
    self.lacking = isHeld ? lacking : []
    let goesOn = isHeld && history.state?.isFinished != true
    let here = history.time.point(of: now, bootID: bootID)
    self.now = goesOn ? here : history.last ?? here
    status = RunStatus(history.state?.phase, isHeld: isHeld)
    wording = StepWording(history.state)
  }

  /// Where a step stands.
  ///
  /// - Parameter state: the state of the run.
  func status(ofStep step: Int, _ state: RunState) -> StepStatus {
    StepStatus(state.steps[step].phase, in: status)
  }

  /// `02:19:03.120`, or with its date where the run began on another day.
  func clock(_ wall: WallTime) -> String {
    let time = Timestamp(wall)
    guard let start = history.startedAt, Timestamp(start).isSameDay(as: time) else {
      return time.rfc3339
    }
    return time.timeOfDay
  }

  func since(_ point: RunPoint) -> String {
    DurationText.of(microseconds: now.elapsed - point.elapsed)
  }
}
