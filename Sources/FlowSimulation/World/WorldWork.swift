import FlowCore
package import FlowStorage

/// What commands have really written besides what steps declare, and whether it is on the disk. A command that
/// succeeds has written something; a power loss takes all of it that was not synced.
struct WorldWork {
  /// Attempts whose commands have succeeded.
  private(set) var written: Set<AttemptID> = []
  /// Those of them whose work a power loss cannot take any more.
  private(set) var durable: Set<AttemptID> = []
  /// Those whose work a sync has failed to write.
  private(set) var failed: Set<AttemptID> = []
  /// Those whose work is in memory, and can still be synced.
  private var dirty: Set<AttemptID> = []
  private var sync: Sync?

  private struct Sync {
    /// What was dirty when it began.
    let covered: Set<AttemptID>
    var outcome: Result<Void, Errno>?
  }

  mutating func wrote(_ attempt: AttemptID) {
    written.insert(attempt)
    dirty.insert(attempt)
  }

  var hasOutcome: Bool { sync?.outcome != nil }

  mutating func startSync() {
    precondition(sync == nil, "a sync of work was begun while another was under way")
    sync = Sync(covered: dirty)
  }

  /// - Parameter fails: then what was dirty will never be written.
  mutating func completeSync(fails: Bool) {
    guard let covered = sync?.covered, sync?.outcome == nil else { return }
    if fails {
      failed.formUnion(dirty)
      dirty = []
    } else {
      durable.formUnion(covered.intersection(dirty))
      dirty.subtract(covered)
    }
    sync?.outcome = fails ? .failure(.inputOutput) : .success(())
  }

  mutating func takeOutcome() -> Result<Void, Errno>? {
    guard let outcome = sync?.outcome else { return nil }
    sync = nil
    return outcome
  }

  /// What an engine has begun ends with it, and nothing is known of it.
  mutating func engineEnded() { sync = nil }

  mutating func losePower() {
    sync = nil
    dirty = []
  }
}

extension World {
  package func startWorkSync(_ folders: [String]) {
    guard engineGoesOn(at: .startSync) else { return }
    work.startSync()
    let latency = choices.choose(.workSyncLatency, below: options.workSyncMilliseconds + 1)
    arrange(.workSyncDone(life: engine.life), afterMicroseconds: Int64(latency) * 1_000)
  }

  package func finishedWorkSync() -> Result<Void, Errno>? {
    engine.isDead ? nil : work.takeOutcome()
  }

  func workSyncDone() {
    let fails =
      !isHealed && choices.happens(.workSyncFault, perMille: options.workSyncErrorPerMille)
    if fails { befell(.workSyncFails, note: "\(Fault.workSyncFails)") }
    work.completeSync(fails: fails)
  }
}
