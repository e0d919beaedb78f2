import FlowCore

/// What is known of a run's history whatever its disk says: checkers compare a log with it.
struct WitnessedHistory {
  /// What the engine was told is durable, and so may show.
  private(set) var acknowledged: [Event] = []
  /// What an engine that has died was making durable; nil where that is unknown.
  private(set) var inFlight: [Event]? = []
  /// Whether the engine that lives has recovered or created the run.
  private(set) var isRecovered = false
  /// Whether a hostile disk has lost acknowledged history.
  private(set) var isLost = false
  /// Kinds of the events that became durable last.
  private(set) var lastKinds: EventKinds

  init() {
    lastKinds = EventKinds()
    lastKinds.insert(.runCreated)
  }

  /// Whether the end of the run is, or may be, among the events.
  var mayBeFinished: Bool {
    (acknowledged + (inFlight ?? [])).contains { $0.body.kind == .runFinished }
  }

  mutating func commits() { isRecovered = true }

  mutating func learns(_ event: Event, isFirst: Bool) {
    // A round that is given up ends in the commit in which the next one begins.
    if isFirst || event.body.kind == .runReopened { lastKinds = EventKinds() }
    acknowledged.append(event)
    lastKinds.insert(event.body.kind)
  }

  mutating func engineEnded(inFlight: [Event]?) {
    self.inFlight = inFlight
    isRecovered = false
  }

  /// - Parameter isLogBetrayed: whether the disk may have changed or lost some of the log.
  mutating func found(_ events: [Event], isLogBetrayed: Bool) {
    if isLogBetrayed, acknowledged.starts(with: events) {
      isLost = events.count < acknowledged.count
    }
  }

  mutating func recovered() {
    inFlight = []
    isRecovered = true
  }
}
