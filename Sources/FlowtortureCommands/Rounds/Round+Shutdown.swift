import Glibc

/// What stops, ends and kills the processes of a round together.
extension Round {
  func suspendMonitors(_ share: Int?) {
    var monitors = processes().monitors
    if let share, !monitors.isEmpty { monitors = [monitors[share * monitors.count / 1_000]] }
    let attempts = monitors.map { ($0.process, FlowProcesses.attempt(of: $0)) }
    let stopped = Set(world.suspend(monitors).map(\.process))
    totals.suspensions += stopped.count
    for (process, attempt) in attempts where stopped.contains(process) {
      if let attempt { record.suspendedMonitors.insert(attempt) }
    }
  }

  /// Tells every process of the round to end.
  func terminateAll(_ shutdown: Shutdown) {
    totals.shutdowns += 1
    let all = shutdown.ordered(Descendant.all().filter { !$0.hasEnded })
    let attempts = processes(among: all).monitors.map(FlowProcesses.attempt(of:))
    world.noteTermination()
    let begin = RoundWorld.now
    for process in all { process.signal(SIGTERM) }
    let told = begin...max(begin, RoundWorld.now)
    for attempt in attempts {
      if let attempt {
        record.toldMonitors[attempt, default: []].append(told)
      } else {
        record.namelessTold += 1
      }
    }
    world.note("told \(all.map(\.process)) to end, with monitors of \(attempts)")
    if shutdown.continues {
      for process in all { process.signal(SIGCONT) }
      world.resume()
    }
    if let milliseconds = shutdown.killsAfterMilliseconds {
      world.wait(microseconds: milliseconds * 1_000)
      killAll()
    }
  }

  /// SIGKILL to engines, launchers, monitors and steps.
  func killAll() {
    let others = processes()
    killEngines()
    kill(monitors: others.monitors)
    kill(launchersOf: others)
    for step in others.steps { step.signal(SIGKILL) }
  }
}
