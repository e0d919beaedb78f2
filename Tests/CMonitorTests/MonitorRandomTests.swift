import CMonitor
import Testing

/// Which event came in which phase, with the names of the table.
struct PhaseAndEvent: Hashable, CustomStringConvertible {
  let phase: String
  let event: String

  var description: String { "\(event) in \(phase)" }

  init(phase: String, event: String) {
    self.phase = phase
    self.event = event
  }

  init(_ phase: flow_monitor_phase, _ event: Event) {
    self.phase =
      switch phase {
      case FLOW_MONITOR_IS_NEW: "new"
      case FLOW_MONITOR_IS_CREATING: "creating"
      case FLOW_MONITOR_IS_LOCKING: "locking"
      case FLOW_MONITOR_IS_RESERVING: "reserving"
      case FLOW_MONITOR_IS_OPENING: "opening"
      case FLOW_MONITOR_IS_REMOVING: "removing"
      case FLOW_MONITOR_IS_STARTING: "starting"
      case FLOW_MONITOR_IS_SPAWNING: "spawning"
      case FLOW_MONITOR_IS_NOTING: "noting"
      case FLOW_MONITOR_IS_WATCHING: "watching"
      case FLOW_MONITOR_IS_REAPING: "reaping"
      case FLOW_MONITOR_IS_CLEARING: "clearing"
      case FLOW_MONITOR_IS_HOLDING: "holding"
      case FLOW_MONITOR_IS_COLLECTING: "collecting"
      case FLOW_MONITOR_IS_SCRUBBING: "scrubbing"
      case FLOW_MONITOR_IS_ENDING: "ending"
      case FLOW_MONITOR_IS_WAITING_FOR_SPACE: "waiting"
      case FLOW_MONITOR_IS_DONE: "done"
      default: "?"
      }
    self.event =
      switch event {
      case .begin: "begin"
      case .done: "answer"
      case .commandEnded: "command"
      case .noDescendantLeft: "none"
      case .descendantsLeft: "left"
      case .stop: "stop"
      case .force: "force"
      case .told: "told"
      case .time: "time"
      }
  }
}

@Suite struct MonitorRandomTests {
  /// Which event can come in which phase (x). All others trap.
  private static let table = """
    phase      begin answer command none   left     stop force told time
    new        x     ·      ·       ·      ·        x    x     x    x
    creating   ·     x      ·       ·      ·        x    x     x    x
    locking    ·     x      ·       ·      ·        x    x     x    x
    reserving  ·     x      ·       ·      ·        x    x     x    x
    opening    ·     x      ·       ·      ·        x    x     x    x
    removing   ·     x      ·       ·      ·        x    x     x    x
    starting   ·     x      ·       ·      ·        x    x     x    x
    spawning   ·     x      ·       ·      ·        x    x     x    x
    noting     ·     x      ·       ·      ·        x    x     x    x
    watching   ·     ·      x       ·      ·        x    x     x    x
    reaping    ·     ·      ·       x      x        x    x     x    x
    clearing   ·     ·      ·       x      x        x    x     x    x
    holding    ·     ·      ·       x      x        x    x     x    x
    collecting ·     x      ·       ·      ·        x    x     x    x
    scrubbing  ·     x      ·       ·      ·        x    x     x    x
    ending     ·     x      ·       ·      ·        x    x     x    x
    waiting    ·     ·      x       x      x        x    x     x    x
    done       ·     ·      ·       ·      ·        x    x     x    x
    """

  private static let possible: Set<PhaseAndEvent> = {
    let lines = table.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    var possible: Set<PhaseAndEvent> = []
    for line in lines.dropFirst() {
      for (event, cell) in zip(lines[0], line).dropFirst() where cell == "x" {
        possible.insert(PhaseAndEvent(phase: line[0], event: event))
      }
    }
    return possible
  }()

  @Test(arguments: 0..<20)
  func keepsItsRulesWhateverHappens(batch: Int) {
    for seed in batch * 300..<(batch + 1) * 300 {
      var attempt = RandomAttempt(seed: seed)
      let broken = attempt.run()
      if !broken.isEmpty { Issue.record("seed \(seed): \(broken)") }
    }
  }

  @Test func everythingThatCanHappenIsTried() {
    var met: Set<PhaseAndEvent> = []
    for seed in 0..<6_000 {
      var attempt = RandomAttempt(seed: seed)
      _ = attempt.run()
      met.formUnion(attempt.met)
    }
    #expect(Self.possible.subtracting(met) == [])
    #expect(met.subtracting(Self.possible) == [])
  }
}
