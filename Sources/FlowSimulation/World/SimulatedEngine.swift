import FlowCore

/// The engine of a world: one process after the other, each of which is a life.
package struct SimulatedEngine {
  /// Which of its lives this is, from 1.
  package private(set) var life = 1
  /// Whether it has died in this life: nothing that its code still does has any effect.
  package var isDead = false
  /// What it has died of in this life; nil while it lives, or where it has stopped by itself.
  var death: Coverage.Death?
  /// How often it has died in all lives.
  var deaths = 0
  /// How often it has waited in this life.
  var waits = 0
  /// How far time has passed for the code of a dead engine.
  var afterlife = Instant(microseconds: .min)
  /// Whether it may have lacked the space to say that it lacks space.
  var mayWaitInSilence = false
  /// Until when it is suspended: it does nothing, and holds what it holds.
  var suspendedUntil: WorldTime?
  /// How long it was suspended, in all lives.
  var suspendedMicroseconds: Int64 = 0
  private var cancelRequests = WorkQueue<CancelRequest>()
  private var hasRequestNotice = false

  /// Goes on to the next life, which begins with `start`.
  mutating func endLife() {
    life += 1
    death = nil
    waits = 0
  }

  /// A new process begins its work.
  mutating func start() {
    isDead = false
    suspendedUntil = nil
    mayWaitInSilence = false
    hasRequestNotice = false
    afterlife = Instant(microseconds: .min)
  }

  // MARK: What it is told

  /// Whether it has been told something that it has not asked for.
  var hasNotice: Bool { hasRequestNotice }

  mutating func cancel(_ request: CancelRequest) { cancelRequests.append(request) }

  /// A request to cancel may have been left in the run's folder.
  ///
  /// - Parameter life: of the engine that is told.
  mutating func notice(inLife life: Int) {
    if life == self.life { hasRequestNotice = true }
  }

  mutating func nextCancelRequest() -> CancelRequest? {
    isDead ? nil : cancelRequests.removeFirst()
  }

  mutating func takeRequestNotice() -> Bool {
    defer { hasRequestNotice = false }
    return hasRequestNotice && !isDead
  }
}
