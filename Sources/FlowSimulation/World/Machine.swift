import FlowCore

/// The machine of a world: its boots, its mounts and its clocks.
package struct Machine {
  /// How often it was started, from 1.
  package private(set) var boot = 1
  /// Of the run's folder, as a new engine finds it.
  var mount: UInt64 = 1
  private var bootedAt = WorldTime(microseconds: -bootMicroseconds)
  /// How far wall time is ahead of the world's time.
  private var wallOffset: Int64 = 1_790_000_000_000_000

  /// From the start of the machine until an engine can be started.
  private static let bootMicroseconds: Int64 = 1_000_000

  var host: HostContext {
    HostContext(bootID: "boot \(boot)", mountID: mount, processNamespace: 1)
  }

  mutating func losePower(at now: WorldTime) {
    boot += 1
    bootedAt = now.advanced(byMicroseconds: -Self.bootMicroseconds)
  }

  // MARK: Clocks

  func monotonic(at now: WorldTime) -> Instant {
    Instant(microseconds: now.microseconds - bootedAt.microseconds)
  }

  func wall(at now: WorldTime) -> WallTime {
    WallTime(microseconds: now.microseconds + wallOffset)
  }

  /// When the monotonic clock shows that.
  func worldTime(of instant: Instant) -> WorldTime {
    bootedAt.advanced(byMicroseconds: instant.microseconds)
  }

  mutating func jumpWallClock(byMicroseconds microseconds: Int64) { wallOffset += microseconds }
}
