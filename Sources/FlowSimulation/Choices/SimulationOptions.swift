import FlowCore

/// What a world is like. Options are drawn first from the seed, so that some worlds have only a few
/// kinds of trouble and these often (swarm testing, Groce et al. 2012).
///
/// To add an option takes a field and a row of `keys`.
package struct SimulationOptions: Equatable, Sendable {
  /// How often the engine dies: per thousand operations, effects and waits.
  package var crashPerMille = 0
  /// How many of the deaths are power losses, in percent; the others leave the page cache.
  package var powerLossPercent = 50
  package var maxCrashes = 0
  /// How often a write or sync fails.
  package var storageErrorPerMille = 0
  /// How often a write takes only a part of the bytes.
  package var shortWritePerMille = 0
  /// How often an operation that changes nothing fails: to open, to read, to list, to close.
  package var readErrorPerMille = 0
  /// How often a read brings only a part of the bytes.
  package var shortReadPerMille = 0
  /// What the disk may do: 0 as ext4, 1 what POSIX allows, 2 what no disk may (`StorageTier`).
  package var storageTier = 0
  /// How often a cleaner removes the lock file of a run at work: per thousand operations.
  package var cleanerPerMille = 0
  /// How often a hostile disk does what no disk may: per thousand syncs, and more often while no
  /// engine lives.
  package var hostilePerMille = 0
  /// How often a command fails, in percent.
  package var failurePercent = 0
  /// How often a command hangs until it is stopped, in percent.
  package var hangPercent = 0
  /// How often a command ignores SIGTERM, in percent.
  package var stubbornPercent = 0
  /// How often a command starts other processes, in percent.
  package var descendantPercent = 0
  /// How often a process stops itself, in percent.
  package var selfStopPercent = 0
  /// How often the process id of a reaped command is a stranger's at once, in percent.
  package var reusePercent = 0
  /// How many of a thousand processes cannot be killed.
  package var unkillablePerMille = 0
  /// How many steps let the stragglers of their commands stay, in percent.
  package var keepPercent = 0
  /// How often a monitor is killed: per thousand of its actions, at once or some time after.
  package var monitorKillPerMille = 0
  /// The same of launchers.
  package var launcherKillPerMille = 0
  /// How often the disk has no inode for a while.
  package var inodeShortages = 0
  /// Whether the disk has no fallocate.
  package var lacksAllocation = false
  /// How often a monitor is stopped for a while.
  package var monitorStops = 0
  /// How often a process cannot be forked.
  package var forkFailurePerMille = 0
  /// How often the engine is suspended for a while.
  package var engineStops = 0
  /// How often no process can be forked for a while.
  package var processShortages = 0
  /// How long each action of a launcher or monitor, each message and each signal may take.
  package var processLatencyMicroseconds = 0
  /// How often an end is told a second time, later, in percent.
  package var echoPercent = 0
  /// How late a wake-up may be: ends and syncs then come together.
  package var wakeUpDelayMicroseconds = 0
  package var syncMicroseconds = 100
  /// How long each of the engine's operations on the disk may take: other processes go on
  /// meanwhile.
  package var operationMicroseconds = 0
  /// Whether the run is cancelled by a signal.
  package var isCancelled = false
  /// How many requests to cancel are left in the run's folder.
  package var requests = 0
  /// How often an engine finds the run's folder mounted elsewhere than the one before, in percent.
  package var remountPercent = 0
  /// How often the disk is full for a while.
  package var fullDisks = 0
  /// How often the system is stopped: every process gets a SIGTERM.
  package var systemStops = 0
  /// How often a reader looks at the run: per thousand operations and waits.
  package var readPerMille = 0
  /// Whether wall time jumps.
  package var hasClockJumps = false
  /// How many more rounds a run may get after it has ended, for the steps that did not succeed.
  package var maxReopenings = 0
  /// How many runs leave steps out, in percent.
  package var partialPercent = 0
  /// How many further rounds are for steps that are named, in percent.
  package var rerunPercent = 0
  /// Whether commits are deflated. Never drawn: with another zlib a seed would be another world.
  package var isDeflated = false
  /// The number of the policy that the run follows, as if the flow that had it had created the run.
  /// Never drawn.
  package var policy = Int(Policy.current.rawValue)
  /// How often an engine gives the run the environment of its caller, in percent.
  package var environmentPercent = 0
  /// How many steps get secrets, in percent.
  package var secretPercent = 0
  /// How often a secret cannot be read.
  package var secretErrorPerMille = 0
  /// How many needs are wanted to end otherwise than done, in percent.
  package var edgePercent = 0
  /// How many steps belong to called workflows, in percent.
  package var callPercent = 0
  /// How many workflows have files of variables, in percent.
  package var variableFilePercent = 0
  /// How many steps have a condition, in percent.
  package var conditionPercent = 0
  /// How many steps declare outputs, in percent.
  package var outputPercent = 0
  /// How often a command puts out something else than its step declares, in percent.
  package var outputFaultPercent = 0
  /// How many workflows have steps of `finally`, in percent.
  package var finallyPercent = 0
  /// How many steps have a rollback, in percent.
  package var rollbackPercent = 0
  /// How many steps ask a person instead of running a command, in percent.
  package var askPercent = 0
  /// How many workflows have notices, in percent.
  package var notifyPercent = 0
  /// How many notices tell of a recovery, or of a run that takes long, in percent.
  package var noticeKindPercent = 0
  /// How many workflows have a step that runs once per item, in percent.
  package var forEachPercent = 0
  /// How many of these have a chain of steps for each item, in percent.
  package var chainPercent = 0
  /// How many runs of workflows with such a step leave some of its items out, in percent.
  package var itemSelectionPercent = 0
  /// How many steps declare files, in percent.
  package var filesPercent = 0
  /// How often a command that succeeds has not made all of them, in percent.
  package var fileFaultPercent = 0
  /// How many steps with files are cached, in percent.
  package var cachePercent = 0
  /// How many runs sync what their steps write, in percent.
  package var workSyncPercent = 0
  /// How long such a sync takes at most.
  package var workSyncMilliseconds = 0
  /// How often it fails, in per mille.
  package var workSyncErrorPerMille = 0
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

  /// Whether the workflow has secrets: no definition of policy 1 does.
  var hasSecrets: Bool { secretPercent > 0 && rules > .first }

  /// Whether steps want other ends of their needs: no definition of policy 1 does.
  var hasEdges: Bool { edgePercent > 0 && rules > .first }

  /// Whether steps have conditions: no definition of policy 1 does.
  var hasConditions: Bool { conditionPercent > 0 && rules > .first }

  /// Whether steps have outputs: no definition of policy 1 does.
  var hasOutputs: Bool { outputPercent > 0 && rules > .first }

  /// Whether workflows have steps of `finally`: no definition of policy 1 does.
  var hasFinally: Bool { finallyPercent > 0 && rules > .first }

  /// Whether steps have rollbacks: no definition of policy 1 does.
  var hasRollbacks: Bool { rollbackPercent > 0 && rules > .first }

  /// Whether steps ask people: none of policy 1 does.
  var hasQuestions: Bool { askPercent > 0 && rules > .first }

  /// Whether workflows have notices: no definition of policy 1 does.
  var hasNotify: Bool { notifyPercent > 0 && rules > .first }

  /// Whether steps run once per item: no definition of policy 1 does.
  var hasFiles: Bool { filesPercent > 0 && rules > .first }
  var hasForEach: Bool { forEachPercent > 0 && rules > .first }

  var tier: StorageTier {
    guard let tier = StorageTier(rawValue: storageTier) else {
      preconditionFailure("an option was set that is none")
    }
    return tier
  }

  /// All options, in the order in which they are drawn. A new one comes last: all draw from one
  /// stream, and it must not shift the others.
  package static let keys: [Key] = [
    Key("crashPerMille", \.crashPerMille, 0...1_000, draw: [0, 5, 20, 60], inStudies: 2),
    Key("maxCrashes", \.maxCrashes, 0...1_000, draw: [1, 2, 5], inStudies: 1),
    Key("powerLossPercent", \.powerLossPercent, 0...100, draw: [0, 50, 100]),
    Key(
      "storageErrorPerMille", \.storageErrorPerMille, 0...1_000, draw: [0, 0, 0, 5, 20, 60],
      inStudies: 1),
    Key("shortWritePerMille", \.shortWritePerMille, 0...1_000, draw: [0, 0, 200]),
    Key("failurePercent", \.failurePercent, 0...100, draw: [0, 5, 10, 40]),
    Key("hangPercent", \.hangPercent, 0...100, draw: [0, 0, 5, 15]),
    Key("stubbornPercent", \.stubbornPercent, 0...100, draw: [0, 0, 50]),
    Key("echoPercent", \.echoPercent, 0...100, draw: [0, 0, 20]),
    Key(
      "wakeUpDelayMicroseconds", \.wakeUpDelayMicroseconds, 0...1_000_000_000,
      draw: [0, 0, 500, 20_000]),
    // In studies a machine is at work, but not one that hardly moves.
    Key(
      "syncMicroseconds", \.syncMicroseconds, 0...1_000_000_000, draw: [1, 100, 20_000, 500_000],
      inStudies: 20_000),
    Key("isCancelled", \.isCancelled, draw: [false, false, false, true], inStudies: false),
    Key("fullDisks", \.fullDisks, 0...1_000, draw: [0, 0, 1, 3, 8], inStudies: 0),
    Key("readPerMille", \.readPerMille, 0...1_000, draw: [0, 5, 30], inStudies: 0),
    Key("hasClockJumps", \.hasClockJumps, draw: [false, false, true]),
    // One world in eight has 1 to 7 steps, the others 8 to 20. It is one choice, so that the
    // shrinker finds smaller worlds one after the other.
    Key(
      "steps", \.steps, 1...1_000, draw: (0..<104).map { $0 < 13 ? 1 + $0 / 2 : 8 + $0 % 13 }),
    Key("rotationBytes", \.rotationBytes, 0...1 << 30, draw: [65_536, 4_096, 1_024, 256]),
    Key("descendantPercent", \.descendantPercent, 0...100, draw: [0, 0, 20, 60], inStudies: 0),
    Key("selfStopPercent", \.selfStopPercent, 0...100, draw: [0, 0, 5], inStudies: 0),
    Key(
      "unkillablePerMille", \.unkillablePerMille, 0...1_000, draw: [0, 0, 20, 200], inStudies: 0),
    Key("keepPercent", \.keepPercent, 0...100, draw: [0, 25]),
    Key(
      "monitorKillPerMille", \.monitorKillPerMille, 0...1_000, draw: [0, 0, 2, 20, 60],
      inStudies: 1),
    Key(
      "launcherKillPerMille", \.launcherKillPerMille, 0...1_000, draw: [0, 0, 10, 50],
      inStudies: 1),
    Key(
      "forkFailurePerMille", \.forkFailurePerMille, 0...1_000, draw: [0, 0, 0, 50, 200],
      inStudies: 0),
    Key(
      "processLatencyMicroseconds", \.processLatencyMicroseconds, 0...1_000_000_000,
      draw: [0, 0, 100, 5_000, 50_000], inStudies: 5_000),
    Key("maxReopenings", \.maxReopenings, 0...1_000, draw: [0, 0, 1, 2], inStudies: 0),
    Key("requests", \.requests, 0...1_000, draw: [0, 0, 0, 1, 3], inStudies: 0),
    Key("remountPercent", \.remountPercent, 0...100, draw: [0, 0, 0, 30]),
    Key("readErrorPerMille", \.readErrorPerMille, 0...1_000, draw: [0, 0, 0, 1, 5], inStudies: 1),
    Key("shortReadPerMille", \.shortReadPerMille, 0...1_000, draw: [0, 0, 200]),
    // On a hostile disk nothing can be promised.
    Key("storageTier", \.storageTier, 0...2, draw: [0, 1, 0, 1, 0, 1, 0, 1, 0, 2], inStudies: 1),
    Key("hostilePerMille", \.hostilePerMille, 0...1_000, draw: [0, 2, 10, 10], inStudies: 0),
    Key(
      "cleanerPerMille", \.cleanerPerMille, 0...1_000, draw: [0, 0, 0, 0, 0, 5, 30], inStudies: 0),
    Key(
      "operationMicroseconds", \.operationMicroseconds, 0...1_000_000,
      draw: [0, 0, 0, 0, 100, 2_000, 20_000], inStudies: 100),
    Key("reusePercent", \.reusePercent, 0...100, draw: [0, 100]),
    Key("monitorStops", \.monitorStops, 0...1_000, draw: [0, 0, 0, 1, 4], inStudies: 0),
    Key("inodeShortages", \.inodeShortages, 0...1_000, draw: [0, 0, 0, 1, 4], inStudies: 0),
    Key("lacksAllocation", \.lacksAllocation, draw: [false, false, true], inStudies: false),
    Key("isDeflated", \.isDeflated),
    Key("policy", \.policy, 1...Int(Policy.current.rawValue)),
    Key("environmentPercent", \.environmentPercent, 0...100, draw: [0, 0, 20], inStudies: 0),
    Key("systemStops", \.systemStops, 0...1_000, draw: [0, 0, 0, 1, 3], inStudies: 0),
    Key(
      "processShortages", \.processShortages, 0...1_000, draw: [0, 0, 0, 1, 4], inStudies: 0),
    Key("engineStops", \.engineStops, 0...1_000, draw: [0, 0, 0, 1, 3], inStudies: 0),
    Key("partialPercent", \.partialPercent, 0...100, draw: [0, 0, 50], inStudies: 0),
    Key("rerunPercent", \.rerunPercent, 0...100, draw: [0, 0, 50], inStudies: 0),
    Key("secretPercent", \.secretPercent, 0...100, draw: [0, 0, 60], inStudies: 0),
    Key("secretErrorPerMille", \.secretErrorPerMille, 0...1_000, draw: [0, 0, 100], inStudies: 0),
    Key("edgePercent", \.edgePercent, 0...100, draw: [0, 0, 40], inStudies: 0),
    Key("callPercent", \.callPercent, 0...100, draw: [0, 0, 40], inStudies: 0),
    Key("variableFilePercent", \.variableFilePercent, 0...100, draw: [0, 0, 100], inStudies: 0),
    Key("conditionPercent", \.conditionPercent, 0...100, draw: [0, 0, 40], inStudies: 0),
    Key("outputPercent", \.outputPercent, 0...100, draw: [0, 0, 60], inStudies: 0),
    Key("outputFaultPercent", \.outputFaultPercent, 0...100, draw: [0, 10, 40], inStudies: 0),
    Key("finallyPercent", \.finallyPercent, 0...100, draw: [0, 0, 100], inStudies: 0),
    Key("rollbackPercent", \.rollbackPercent, 0...100, draw: [0, 0, 60], inStudies: 0),
    Key("askPercent", \.askPercent, 0...100, draw: [0, 0, 30], inStudies: 0),
    Key("notifyPercent", \.notifyPercent, 0...100, draw: [0, 0, 100], inStudies: 0),
    Key("noticeKindPercent", \.noticeKindPercent, 0...100, draw: [0, 0, 60], inStudies: 0),
    Key("forEachPercent", \.forEachPercent, 0...100, draw: [0, 0, 100], inStudies: 0),
    Key("chainPercent", \.chainPercent, 0...100, draw: [0, 60], inStudies: 0),
    Key(
      "itemSelectionPercent", \.itemSelectionPercent, 0...100, draw: [0, 0, 50], inStudies: 0),
    Key("filesPercent", \.filesPercent, 0...100, draw: [0, 0, 60], inStudies: 0),
    Key("fileFaultPercent", \.fileFaultPercent, 0...100, draw: [0, 10, 40], inStudies: 0),
    Key("workSyncPercent", \.workSyncPercent, 0...100, draw: [100, 100, 0], inStudies: 0),
    Key(
      "workSyncMilliseconds", \.workSyncMilliseconds, 0...600_000, draw: [0, 10, 1_000, 60_000],
      inStudies: 0),
    Key(
      "workSyncErrorPerMille", \.workSyncErrorPerMille, 0...1_000, draw: [0, 0, 0, 100],
      inStudies: 0),
    Key("cachePercent", \.cachePercent, 0...100, draw: [0, 60], inStudies: 0),
  ]
}

extension SimulationOptions {
  package static func draw(from choices: some ChoiceSource) -> SimulationOptions {
    var options = SimulationOptions()
    for key in keys where !key.values.isEmpty {
      key.set(key.values[choices.choose(.options, below: key.values.count)], in: &options)
    }
    return options
  }

  /// Those of the world without choices.
  package static let quiet = draw(from: ReplayedChoices(.empty))

  /// The same for a study of hazards: without what is no fault or is up to the model, and with
  /// fewer of the faults that strike operations, since a study has faults that strike at any time.
  /// Tempered a second time, options stay the same.
  var tempered: SimulationOptions {
    var options = self
    for key in Self.keys {
      if let most = key.mostInStudies { key.set(min(key.get(from: self), most), in: &options) }
    }
    return options
  }

  // MARK: Keys

  /// An option: the name that command lines and traces have for it, the values that it may have,
  /// and how it is drawn. A flag is a number that is 0 or 1.
  package struct Key: Sendable {
    private enum Path {
      case number(any WritableKeyPath<SimulationOptions, Int> & Sendable)
      case flag(any WritableKeyPath<SimulationOptions, Bool> & Sendable)
    }

    package let name: String
    private let path: Path
    private let range: ClosedRange<Int>
    /// One of these is drawn. The first makes the least trouble. Empty for an option that is not
    /// drawn.
    fileprivate let values: [Int]
    /// Its highest value in studies of hazards; nil where these take what was drawn.
    fileprivate let mostInStudies: Int?

    fileprivate init(
      _ name: String, _ path: any WritableKeyPath<SimulationOptions, Int> & Sendable,
      _ range: ClosedRange<Int>, draw values: [Int] = [], inStudies most: Int? = nil
    ) {
      self.name = name
      self.path = .number(path)
      self.range = range
      self.values = values
      mostInStudies = most
    }

    fileprivate init(
      _ name: String, _ path: any WritableKeyPath<SimulationOptions, Bool> & Sendable,
      draw values: [Bool] = [], inStudies most: Bool? = nil
    ) {
      self.name = name
      self.path = .flag(path)
      range = 0...1
      self.values = values.map { $0 ? 1 : 0 }
      mostInStudies = most.map { $0 ? 1 : 0 }
    }

    fileprivate func get(from options: SimulationOptions) -> Int {
      switch path {
      case .number(let path): options[keyPath: path]
      case .flag(let path): options[keyPath: path] ? 1 : 0
      }
    }

    fileprivate func set(_ value: Int, in options: inout SimulationOptions) {
      switch path {
      case .number(let path): options[keyPath: path] = value
      case .flag(let path): options[keyPath: path] = value == 1
      }
    }

    // MARK: In words

    /// What a value can be, in words.
    package var expected: String {
      switch path {
      case .number: "a whole number from \(range.lowerBound) to \(range.upperBound)"
      case .flag: "true or false"
      }
    }

    fileprivate func value(of text: String) -> Int? {
      switch path {
      case .number: Int(text).flatMap { range.contains($0) ? $0 : nil }
      case .flag: Bool(text).map { $0 ? 1 : 0 }
      }
    }

    fileprivate func text(in options: SimulationOptions) -> String {
      let value = get(from: options)
      switch path {
      case .number: return String(value)
      case .flag: return String(value == 1)
      }
    }
  }

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
    guard let value = key.value(of: setting.value) else {
      throw .invalid(name: key.name, value: setting.value, expected: key.expected)
    }
    key.set(value, in: &self)
  }

  /// All of them, in the order of the keys.
  package var settings: [Setting] { Self.keys.map { Setting($0.name, $0.text(in: self)) } }
}

extension SimulationOptions.Setting: CustomStringConvertible {
  package var description: String { "\(name)=\(value)" }
}

extension SimulationOptions: CustomStringConvertible {
  package var description: String {
    settings.map(\.description).joined(separator: " ")
  }
}
