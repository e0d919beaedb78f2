/// What a world is like: drawn first from the seed, so that some worlds have only a few kinds of
/// trouble and these often (swarm testing, Groce et al. 2012).
package struct SimulationOptions: Equatable, Sendable {
  /// How often the engine dies: in so many of a thousand operations, effects and waits.
  package var crashPerMille = 0
  /// How many of the deaths are power losses, in percent; the others leave the page cache.
  package var powerLossPercent = 50
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
  /// How often an end is told a second time, later, in percent.
  package var echoPercent = 0
  /// How long a wake-up may come late: ends and syncs then come together.
  package var wakeUpDelayMicroseconds = 0
  package var syncMicroseconds = 100
  /// Whether somebody cancels the run.
  package var isCancelled = false
  /// How often the disk is full for a while.
  package var fullDisks = 0
  /// How often somebody reads the run: in so many of a thousand operations and waits.
  package var readPerMille = 0
  /// Whether wall time jumps.
  package var hasClockJumps = false
  package var steps = 1
  package var rotationBytes = 4_096

  package init() {}

  /// The first value of each is the one with the least trouble.
  package static func draw(from choices: some ChoiceSource) -> SimulationOptions {
    func pick(_ values: Int...) -> Int {
      values[choices.choose(.options, below: values.count)]
    }
    var options = SimulationOptions()
    options.crashPerMille = pick(0, 5, 20, 60)
    options.maxCrashes = pick(1, 2, 5)
    options.powerLossPercent = pick(0, 50, 100)
    options.storageErrorPerMille = pick(0, 0, 5, 20)
    options.shortWritePerMille = pick(0, 0, 200)
    options.failurePercent = pick(0, 5, 10, 40)
    options.hangPercent = pick(0, 0, 5, 15)
    options.stubbornPercent = pick(0, 0, 50)
    options.echoPercent = pick(0, 0, 20)
    options.wakeUpDelayMicroseconds = pick(0, 0, 500, 20_000)
    options.syncMicroseconds = pick(1, 100, 20_000)
    options.isCancelled = pick(0, 0, 0, 1) == 1
    options.fullDisks = pick(0, 0, 0, 1, 2)
    options.readPerMille = pick(0, 5, 30)
    options.hasClockJumps = pick(0, 0, 1) == 1
    options.steps = 1 + choices.choose(.options, below: 12)
    options.rotationBytes = pick(65_536, 4_096, 1_024)
    return options
  }
}

extension SimulationOptions: CustomStringConvertible {
  package var description: String {
    "steps=\(steps) crashPerMille=\(crashPerMille) maxCrashes=\(maxCrashes)"
      + " powerLossPercent=\(powerLossPercent) storageErrorPerMille=\(storageErrorPerMille)"
      + " shortWritePerMille=\(shortWritePerMille) failurePercent=\(failurePercent)"
      + " hangPercent=\(hangPercent) stubbornPercent=\(stubbornPercent)"
      + " echoPercent=\(echoPercent) wakeUpDelayMicroseconds=\(wakeUpDelayMicroseconds)"
      + " syncMicroseconds=\(syncMicroseconds) isCancelled=\(isCancelled)"
      + " fullDisks=\(fullDisks) readPerMille=\(readPerMille)"
      + " hasClockJumps=\(hasClockJumps) rotationBytes=\(rotationBytes)"
  }
}
