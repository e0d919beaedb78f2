import FlowCore

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
  /// How often what changes nothing fails: to open, to read, to list, to close.
  package var readErrorPerMille = 0
  /// How often a read brings only a part of the bytes.
  package var shortReadPerMille = 0
  /// What the disk may do: 0 as ext4, 1 what POSIX allows, 2 what no disk may (`StorageTier`).
  package var storageTier = 0
  /// How often somebody who cleans up removes the lock file of a run at work: in so many of a
  /// thousand operations.
  package var cleanerPerMille = 0
  /// How often a hostile disk does what no disk may: in so many of a thousand syncs, and more often
  /// while no engine is there.
  package var hostilePerMille = 0
  /// How often a command fails, in percent.
  package var failurePercent = 0
  /// How often a command hangs until it is stopped, in percent.
  package var hangPercent = 0
  /// How often a command ignores SIGTERM, in percent.
  package var stubbornPercent = 0
  /// How often a command starts others, in percent.
  package var descendantPercent = 0
  /// How often what is started stops itself, in percent.
  package var selfStopPercent = 0
  /// How often the number of a command that was reaped is a stranger's at once, in percent.
  package var reusePercent = 0
  /// How many of the processes of a thousand cannot be killed.
  package var unkillablePerMille = 0
  /// How many steps let what is left of their commands stay, in percent.
  package var keepPercent = 0
  /// How often a monitor is killed: at so many of a thousand of its actions, or some time after.
  package var monitorKillPerMille = 0
  /// The same of launchers.
  package var launcherKillPerMille = 0
  /// How often a process cannot be forked.
  package var forkFailurePerMille = 0
  /// How long each action of a launcher or monitor, each message and each signal may take.
  package var processLatencyMicroseconds = 0
  /// How often an end is told a second time, later, in percent.
  package var echoPercent = 0
  /// How long a wake-up may come late: ends and syncs then come together.
  package var wakeUpDelayMicroseconds = 0
  package var syncMicroseconds = 100
  /// How long each of the engine's operations on the disk may take: others go on meanwhile.
  package var operationMicroseconds = 0
  /// Whether somebody cancels the run.
  package var isCancelled = false
  /// How many requests to cancel somebody leaves in the run's folder.
  package var requests = 0
  /// How often an engine finds the run's folder mounted elsewhere than the one before, in percent.
  package var remountPercent = 0
  /// How often the disk is full for a while.
  package var fullDisks = 0
  /// How often somebody reads the run: in so many of a thousand operations and waits.
  package var readPerMille = 0
  /// Whether wall time jumps.
  package var hasClockJumps = false
  /// How often at most a run that has ended is begun again, for what did not succeed.
  package var maxReopenings = 0
  /// Whether commits are deflated. Never drawn: with another zlib a seed would be another world.
  package var isDeflated = false
  /// The number of the policy that the run follows, as if the flow that had it had created the run.
  /// Never drawn.
  package var policy = Int(Policy.current.rawValue)
  package var steps = 1
  package var rotationBytes = 4_096

  package init() {}

  /// The rules and encodings that the run follows.
  var rules: Policy {
    guard let rules = Policy(rawValue: Int32(policy)) else {
      preconditionFailure("there is no policy \(policy)")
    }
    return rules
  }

  var tier: StorageTier {
    guard let tier = StorageTier(rawValue: storageTier) else {
      preconditionFailure("an option was set that is none")
    }
    return tier
  }

  /// The first value of each is the one with the least trouble.
  package static func draw(from choices: some ChoiceSource) -> SimulationOptions {
    func pick(_ values: Int...) -> Int {
      values[choices.choose(.options, below: values.count)]
    }
    var options = SimulationOptions()
    options.crashPerMille = pick(0, 5, 20, 60)
    options.maxCrashes = pick(1, 2, 5)
    options.powerLossPercent = pick(0, 50, 100)
    options.storageErrorPerMille = pick(0, 0, 0, 5, 20, 60)
    options.shortWritePerMille = pick(0, 0, 200)
    options.failurePercent = pick(0, 5, 10, 40)
    options.hangPercent = pick(0, 0, 5, 15)
    options.stubbornPercent = pick(0, 0, 50)
    options.echoPercent = pick(0, 0, 20)
    options.wakeUpDelayMicroseconds = pick(0, 0, 500, 20_000)
    options.syncMicroseconds = pick(1, 100, 20_000, 500_000)
    options.isCancelled = pick(0, 0, 0, 1) == 1
    options.fullDisks = pick(0, 0, 1, 3, 8)
    options.readPerMille = pick(0, 5, 30)
    options.hasClockJumps = pick(0, 0, 1) == 1
    // One world in eight has 1 to 7 steps, the others 8 to 20. In one choice: who looks for a choice
    // that makes an option tries one after the other.
    let size = choices.choose(.options, below: 104)
    options.steps = size < 13 ? 1 + size / 2 : 8 + size % 13
    options.rotationBytes = pick(65_536, 4_096, 1_024, 256)
    options.descendantPercent = pick(0, 0, 20, 60)
    options.selfStopPercent = pick(0, 0, 5)
    options.unkillablePerMille = pick(0, 0, 20, 200)
    options.keepPercent = pick(0, 25)
    options.monitorKillPerMille = pick(0, 0, 2, 20, 60)
    options.launcherKillPerMille = pick(0, 0, 10, 50)
    options.forkFailurePerMille = pick(0, 0, 0, 50, 200)
    options.processLatencyMicroseconds = pick(0, 0, 100, 5_000, 50_000)
    options.maxReopenings = pick(0, 0, 1, 2)
    options.requests = pick(0, 0, 0, 1, 3)
    options.remountPercent = pick(0, 0, 0, 30)
    options.readErrorPerMille = pick(0, 0, 0, 1, 5)
    options.shortReadPerMille = pick(0, 0, 200)
    options.storageTier = pick(0, 1, 0, 1, 0, 1, 0, 1, 0, 2)
    options.hostilePerMille = pick(0, 2, 10, 10)
    options.cleanerPerMille = pick(0, 0, 0, 0, 0, 5, 30)
    options.operationMicroseconds = pick(0, 0, 0, 0, 100, 2_000, 20_000)
    options.reusePercent = pick(0, 100)
    return options
  }
}

// MARK: By name

extension SimulationOptions {
  /// An option as it is named in a command line, in a trace, and by `description`.
  package struct Key: Sendable {
    enum Value: Sendable {
      case number(any WritableKeyPath<SimulationOptions, Int> & Sendable, ClosedRange<Int>)
      case flag(any WritableKeyPath<SimulationOptions, Bool> & Sendable)
    }

    package let name: String
    let value: Value

    /// What a value can be, in words.
    package var expected: String {
      switch value {
      case .number(_, let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
      case .flag: "true or false"
      }
    }
  }

  package static let keys: [Key] = [
    Key("steps", \.steps, 1...1_000),
    Key("crashPerMille", \.crashPerMille, 0...1_000),
    Key("maxCrashes", \.maxCrashes, 0...1_000),
    Key("powerLossPercent", \.powerLossPercent, 0...100),
    Key("storageErrorPerMille", \.storageErrorPerMille, 0...1_000),
    Key("shortWritePerMille", \.shortWritePerMille, 0...1_000),
    Key("readErrorPerMille", \.readErrorPerMille, 0...1_000),
    Key("shortReadPerMille", \.shortReadPerMille, 0...1_000),
    Key("storageTier", \.storageTier, 0...2),
    Key("cleanerPerMille", \.cleanerPerMille, 0...1_000),
    Key("hostilePerMille", \.hostilePerMille, 0...1_000),
    Key("failurePercent", \.failurePercent, 0...100),
    Key("hangPercent", \.hangPercent, 0...100),
    Key("stubbornPercent", \.stubbornPercent, 0...100),
    Key("echoPercent", \.echoPercent, 0...100),
    Key("wakeUpDelayMicroseconds", \.wakeUpDelayMicroseconds, 0...1_000_000_000),
    Key("syncMicroseconds", \.syncMicroseconds, 0...1_000_000_000),
    Key("operationMicroseconds", \.operationMicroseconds, 0...1_000_000),
    Key("isCancelled", \.isCancelled),
    Key("fullDisks", \.fullDisks, 0...1_000),
    Key("readPerMille", \.readPerMille, 0...1_000),
    Key("hasClockJumps", \.hasClockJumps),
    Key("rotationBytes", \.rotationBytes, 0...1 << 30),
    Key("isDeflated", \.isDeflated),
    Key("policy", \.policy, 1...Int(Policy.current.rawValue)),
    Key("descendantPercent", \.descendantPercent, 0...100),
    Key("selfStopPercent", \.selfStopPercent, 0...100),
    Key("reusePercent", \.reusePercent, 0...100),
    Key("unkillablePerMille", \.unkillablePerMille, 0...1_000),
    Key("keepPercent", \.keepPercent, 0...100),
    Key("monitorKillPerMille", \.monitorKillPerMille, 0...1_000),
    Key("launcherKillPerMille", \.launcherKillPerMille, 0...1_000),
    Key("forkFailurePerMille", \.forkFailurePerMille, 0...1_000),
    Key("processLatencyMicroseconds", \.processLatencyMicroseconds, 0...1_000_000_000),
    Key("maxReopenings", \.maxReopenings, 0...1_000),
    Key("requests", \.requests, 0...1_000),
    Key("remountPercent", \.remountPercent, 0...100),
  ]

  /// Those of the world without choices.
  package static let quiet = draw(from: ReplayedChoices(.empty))

  /// An option, by its name, that was set by hand.
  package struct Setting: Equatable, Sendable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  package enum SettingError: Error, Equatable {
    case unknown(name: String)
    case invalid(name: String, value: String, expected: String)
  }

  package mutating func apply(_ setting: Setting) throws(SettingError) {
    guard let key = Self.keys.first(where: { $0.name == setting.name }) else {
      throw .unknown(name: setting.name)
    }
    switch key.value {
    case .number(let path, let range):
      if let number = Int(setting.value), range.contains(number) {
        self[keyPath: path] = number
        return
      }
    case .flag(let path):
      if let flag = Bool(setting.value) {
        self[keyPath: path] = flag
        return
      }
    }
    throw .invalid(name: key.name, value: setting.value, expected: key.expected)
  }

  /// All of them, in the order of the keys.
  package var settings: [Setting] {
    Self.keys.map { key in
      switch key.value {
      case .number(let path, _): Setting(key.name, String(self[keyPath: path]))
      case .flag(let path): Setting(key.name, String(self[keyPath: path]))
      }
    }
  }
}

extension SimulationOptions.Key {
  fileprivate init(
    _ name: String, _ path: any WritableKeyPath<SimulationOptions, Int> & Sendable,
    _ range: ClosedRange<Int>
  ) {
    self.init(name: name, value: .number(path, range))
  }

  fileprivate init(
    _ name: String, _ path: any WritableKeyPath<SimulationOptions, Bool> & Sendable
  ) {
    self.init(name: name, value: .flag(path))
  }
}

extension SimulationOptions.Setting: CustomStringConvertible {
  package var description: String { "\(name)=\(value)" }
}

extension SimulationOptions: CustomStringConvertible {
  package var description: String {
    settings.map(\.description).joined(separator: " ")
  }
}
