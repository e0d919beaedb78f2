/// Where the world decides something. What an option turns on has a site of its own, so that the
/// other choices stay what they are when it is off. Traces name the sites, and a raw value is never
/// used again.
package enum ChoiceSite: UInt8, CaseIterable, Sendable {
  case options = 1
  case workflow = 2
  case commandBehaviour = 3
  case commandDuration = 4
  case syncLatency = 5
  case wakeUpDelay = 6
  case crash = 7
  case storageFault = 8
  case lostBytes = 9
  case lostNames = 10
  case cancel = 11
  case wallClock = 12
  case death = 13
  case downTime = 14
  case reader = 15
  case disk = 16
  case echo = 17
  case tornBytes = 18
  case commandHang = 19
  case commandStubbornness = 20
  case shortWrite = 21
  case processLatency = 22
  case recordFault = 23
  case monitorKill = 24
  case launcherKill = 25
  case fork = 26
  case descendants = 27
  case unkillable = 28
  case selfStop = 29
  case probe = 30
  case rounds = 32
  case look = 33
  case shortRead = 34
  case hostileDisk = 35
  case misfortune = 36
  case requests = 37
  case place = 38
  case cleaner = 39
  case operationTime = 40
  case reuse = 41
  case absence = 42
  case newRun = 43
  case environment = 44
  case systemStop = 45
  case monitorStop = 60
  case inodes = 61
  case processes = 62
  case engineStop = 63
  case selection = 64
  case rerun = 65
  /// Which steps get which secrets.
  case secrets = 66
  case secretErrors = 67
  case secretOutput = 68
  /// Which steps belong to a call, and which selections name one.
  case calls = 71
  case variableFiles = 72
  /// Which ends steps want of their needs.
  case edges = 75
  /// Which steps have which conditions.
  case conditions = 76
  /// Which steps have which outputs, and which commands are told them.
  case outputs = 79
  /// What is wrong with what a command puts out.
  case outputContent = 80
  /// Which steps run at the end of the run.
  case finally = 77
  /// Which steps have a rollback.
  case rollbacks = 78
  /// Which steps ask a person, and for how long.
  case questions = 83
  /// Who answers when, and what.
  case answers = 84
  /// Whether who answers crashes on the way.
  case answererDeaths = 85
  /// What tells of the end of the run.
  case notify = 81
  /// Which notices tell of a recovery or of a run that takes long, and what the run before came to.
  case noticeKinds = 82
  /// Which step runs once per item, and how.
  case forEach = 90
  /// Which lists items come from.
  case itemLists = 91
  /// Which steps run for each item, and what they need of each other.
  case chains = 92
  /// Whether the run syncs work.
  case workSyncs = 88
  /// How long a sync of work takes.
  case workSyncLatency = 86
  /// Whether it fails.
  case workSyncFault = 87
  /// Which items runs leave out.
  case itemSelection = 93
  /// Which steps declare files.
  case files = 94
  /// What commands leave of them.
  case fileContent = 95
  /// How far a publication comes that is killed, and how long one takes.
  case publication = 96
  /// Whether a process that publishes is killed, and nothing else.
  case publicationDeath = 97
  /// Which steps are cached.
  case caches = 98
  /// When inputs change, and to what, and when commands read them.
  case inputContent = 99
  /// Which results are forgotten.
  case results = 100
}

extension ChoiceSite {
  /// Whether its choices are chances that come and go with time, and not properties of something.
  /// The shrinker tries to move such a chance to another moment.
  var isMoment: Bool {
    switch self {
    case .crash, .storageFault, .shortWrite, .reader, .wakeUpDelay, .syncLatency, .workSyncLatency,
      .workSyncFault, .death, .downTime,
      .lostBytes, .lostNames, .tornBytes, .echo, .commandBehaviour, .commandDuration, .commandHang,
      .commandStubbornness, .processLatency, .recordFault, .monitorKill, .launcherKill, .fork,
      .descendants, .unkillable, .selfStop, .probe, .look, .shortRead, .hostileDisk, .place,
      .cleaner, .operationTime, .reuse, .absence, .newRun,
      .environment, .secretErrors, .secretOutput, .outputContent, .answers, .answererDeaths,
      .itemLists, .fileContent, .publication, .publicationDeath,
      .inputContent, .results:
      true
    case .options, .workflow, .cancel, .wallClock, .disk, .rounds, .requests, .misfortune,
      .systemStop, .monitorStop, .inodes, .processes, .engineStop, .selection, .rerun,
      .secrets, .edges, .calls, .variableFiles, .conditions, .outputs, .finally,
      .rollbacks, .questions, .notify, .noticeKinds, .forEach, .chains, .itemSelection,
      .files, .workSyncs, .caches:
      false
    }
  }
}

/// A value for each site.
struct BySite<Value> {
  private var values: [Value]

  init(_ value: Value) {
    values = [Value](
      repeating: value, count: (ChoiceSite.allCases.map { Int($0.rawValue) }.max() ?? 0) + 1)
  }

  subscript(site: ChoiceSite) -> Value {
    get { values[Int(site.rawValue)] }
    _modify { yield &values[Int(site.rawValue)] }
  }
}

extension BySite where Value: BinaryInteger {
  /// - Returns: what it was before.
  mutating func countOne(_ site: ChoiceSite) -> Value {
    let place = Int(site.rawValue)
    defer { values[place] += 1 }
    return values[place]
  }
}

extension BySite: Equatable where Value: Equatable {}
extension BySite: Sendable where Value: Sendable {}
