import FlowCore
import FlowLog
import FlowRuntime
import FlowStorage

/// Reads the run at any time, as `flow status` does: what is seen must be durable, and nothing that
/// was seen may be lost.
final class ReadChecker {
  private let run: SimulatedRun
  /// How many events readers have seen.
  private var shown = 0

  init(_ run: SimulatedRun) {
    self.run = run
  }

  /// What may be seen.
  struct Expectation {
    /// Whether an engine lives.
    var isDriven: Bool
    /// Whether it says how far the log is durable: not before it has recovered it.
    var isRecovered: Bool
    /// What the engine was told is durable.
    var acknowledged: [Event]
    /// What may be durable besides; nil where that is unknown, as while an engine lives.
    var inFlight: [Event]?
    /// How many events earlier readers have seen.
    var shown: Int
    var bootID: String
    /// Whether the disk has changed or lost what was durable: then a reader may be told so, and
    /// sees a part of what was there.
    var isBetrayed = false
  }

  /// - Returns: how many events were seen; nil if there is no run yet.
  static func check(
    _ home: RunHome<SimulatedStorage>, _ id: String, _ expected: Expectation
  ) throws(Violation) -> Int? {
    let found: [Event]?
    do throws(Violation) { found = try read(home, id, expected.bootID) } catch {
      if expected.isBetrayed { return nil }
      throw error
    }
    guard let seen = found else {
      if expected.acknowledged.isEmpty { return nil }
      throw Violation(.said, "a reader finds no run, and its creation was acknowledged")
    }
    try compare(seen, expected)
    // While a run gets its name, no one was told of it yet.
    if !expected.acknowledged.isEmpty, !expected.isBetrayed { try checkDurable(seen, home, id) }
    return seen.count
  }

  private static func read(
    _ home: RunHome<SimulatedStorage>, _ id: String, _ bootID: String
  ) throws(Violation) -> [Event]? {
    do throws(RunError) {
      guard try home.contains(id) else { return nil }
      var reader = try RunReader(home.folder(of: id), in: home.storage, bootID: bootID)
      var events: [Event] = []
      try reader.read(into: &events)
      return events
    } catch {
      throw Violation(.said, "a reader of the run fails: \(error)")
    }
  }

  private static func compare(
    _ seen: [Event], _ expected: Expectation
  ) throws(Violation) {
    let acknowledged = expected.acknowledged
    let count = acknowledged.count
    guard seen.prefix(count).elementsEqual(acknowledged.prefix(seen.count)) else {
      throw Violation(.said, "a reader sees other events than were acknowledged")
    }
    if seen.count < max(count, expected.shown) && (!expected.isDriven || expected.isRecovered)
      && !expected.isBetrayed
    {
      throw Violation(
        .said,
        "a reader sees \(seen.count) events; \(count) were acknowledged, \(expected.shown) seen")
    }
    let extra = seen.dropFirst(count)
    if extra.isEmpty { return }
    if let inFlight = expected.inFlight, !extra.elementsEqual(inFlight) {
      throw Violation(.said, "a reader sees \(extra.count) events that were not in flight")
    }
  }

  /// Nothing that was seen may be lost, whatever happens.
  static func checkDurable(
    _ seen: [Event], _ home: RunHome<SimulatedStorage>, _ id: String
  ) throws(Violation) {
    let count: Int
    do throws(RunError) {
      count = try events(of: RunHome(home.path, in: home.storage.leastRemains()), id)
    } catch {
      throw Violation(.said, "what a crash would leave cannot be read: \(error)")
    }
    guard count >= seen.count else {
      throw Violation(
        .said, "\(seen.count) events were shown, and only \(count) are durable")
    }
  }

  private static func events(
    of home: RunHome<SimulatedStorage>, _ id: String
  ) throws(RunError) -> Int {
    guard try home.contains(id) else { return 0 }
    var reader = try HistoryReader(home.folder(of: id), in: home.storage, .recovering)
    var count = 0
    while try reader.next() != nil { count += 1 }
    return count
  }
}

extension ReadChecker: Checker {
  func read(in world: World) throws(Violation) {
    let history = world.checkers.history
    let isDurabilityUnknown = world.isDurabilityUnknown
    let expectation = Expectation(
      isDriven: !world.engine.isDead, isRecovered: history.isRecovered,
      acknowledged: history.acknowledged,
      inFlight: history.isRecovered ? nil : history.inFlight, shown: shown,
      bootID: world.host.bootID,
      isBetrayed: world.storage.hasBetrayed || isDurabilityUnknown)
    let seen: Int?
    do throws(Violation) { seen = try Self.check(run.home, run.id, expectation) } catch {
      // Where the disk has lost history, anything may be left of it.
      if history.isLost { return }
      throw error
    }
    if history.isLost || history.acknowledged.isEmpty || isDurabilityUnknown { return }
    shown = max(shown, seen ?? 0)
  }

  func found(_ events: [Event], in world: World) throws(Violation) {
    if world.checkers.history.isLost || world.storage.hasBetrayedLog { return }
    if events.count < shown {
      throw Violation(
        .prefix, "of \(shown) events that were shown, \(events.count) were recovered")
    }
  }

  func recovered(in world: World) throws(Violation) { try checkAcknowledged(in: world) }

  func ended(_ events: [Event], _ state: RunState?, in world: World) throws(Violation) {
    try checkAcknowledged(in: world)
  }

  private func checkAcknowledged(in world: World) throws(Violation) {
    if world.storage.hasBetrayed { return }
    try Self.checkDurable(world.checkers.history.acknowledged, run.home, run.id)
  }
}
