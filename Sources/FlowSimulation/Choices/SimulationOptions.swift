/// What a world is like: drawn first from the seed, so that some worlds have only a few kinds of
/// trouble and these often (swarm testing, Groce et al. 2012).
package struct SimulationOptions: Equatable, Sendable {
  /// How often the machine loses power: in so many of a thousand operations.
  package var crashPerMille = 0
  package var maxCrashes = 0
  /// How often a write or sync fails.
  package var storageErrorPerMille = 0
  /// How often a write takes only a part of the bytes.
  package var shortWritePerMille = 0
  /// How often a command fails, in percent.
  package var failurePercent = 0
  /// How often a command hangs until it is stopped, in percent.
  package var hangPercent = 0
  /// How often a command ignores SIGTERM, in percent.
  package var stubbornPercent = 0
  /// How long a wake-up may come late: ends and syncs then come together.
  package var wakeUpDelayMicroseconds = 0
  package var syncMicroseconds = 100
  /// Whether somebody cancels the run.
  package var isCancelled = false
  /// Whether wall time jumps.
  package var hasClockJumps = false
  package var steps = 1
  package var rotationBytes = 4_096

  package init() {}

  package static func draw(from choices: some ChoiceSource) -> SimulationOptions {
    func pick(_ values: Int...) -> Int {
      values[choices.choose(.options, below: values.count)]
    }
    var options = SimulationOptions()
    options.crashPerMille = pick(0, 2, 10, 40)
    options.maxCrashes = pick(1, 2, 5)
    options.storageErrorPerMille = pick(0, 0, 5, 20)
    options.shortWritePerMille = pick(0, 0, 200)
    options.failurePercent = pick(0, 10, 30, 60)
    options.hangPercent = pick(0, 0, 5, 20)
    options.stubbornPercent = pick(0, 0, 50)
    options.wakeUpDelayMicroseconds = pick(0, 0, 500, 20_000)
    options.syncMicroseconds = pick(1, 100, 20_000)
    options.isCancelled = pick(0, 0, 0, 1) == 1
    options.hasClockJumps = pick(0, 0, 1) == 1
    options.steps = 1 + choices.choose(.options, below: 12)
    options.rotationBytes = pick(1_024, 4_096, 65_536)
    return options
  }
}

extension SimulationOptions: CustomStringConvertible {
  package var description: String {
    "steps=\(steps) crashPerMille=\(crashPerMille) maxCrashes=\(maxCrashes)"
      + " storageErrorPerMille=\(storageErrorPerMille) shortWritePerMille=\(shortWritePerMille)"
      + " failurePercent=\(failurePercent) hangPercent=\(hangPercent)"
      + " stubbornPercent=\(stubbornPercent) wakeUpDelayMicroseconds=\(wakeUpDelayMicroseconds)"
      + " syncMicroseconds=\(syncMicroseconds) isCancelled=\(isCancelled)"
      + " hasClockJumps=\(hasClockJumps) rotationBytes=\(rotationBytes)"
  }
}
