/// The processes of the machine. Their ids come from a small range and are soon used again. Here a
/// process is named by its serial number, which is never used again.
struct ProcessTable {
  enum Role: UInt8 {
    case engine, launcher, monitor
    /// The command of an attempt, or a process that it has started.
    case command, descendant
    /// It has nothing to do with any run.
    case stranger
  }

  enum Life: UInt8 {
    case living
    /// It has ended, and its parent has not reaped it: its id is not free yet.
    case zombie
    case gone
  }

  struct Process {
    let role: Role
    let processID: Int32
    /// Counts the processes of a boot: the kernel's own count, but never the same for two.
    let startTime: UInt64
    /// Its index among the processes of its role, as the world lists them.
    let index: Int
    fileprivate(set) var life = Life.living
    /// The serial number of the parent; `initial` where no other takes the process.
    fileprivate(set) var parent: Int
    /// The id of the process that leads the group.
    fileprivate(set) var group: Int32
    var isStopped = false
    /// A monitor has sent it SIGTERM.
    var hadTermination = false
    /// SIGTERM was sent while it was stopped.
    var hasPendingTermination = false

    /// Whether it takes the children of its descendants when these die.
    var isSubreaper: Bool {
      switch role {
      case .engine, .launcher, .monitor: true
      case .command, .descendant, .stranger: false
      }
    }
  }

  /// The first process of a boot: the parent of orphans.
  static let initial = 0
  private static let lowestProcessID: Int32 = 2
  /// Grows where more processes exist at once.
  private var highestProcessID: Int32 = 99

  /// By serial number.
  private var processes: [Process] = [
    Process(role: .stranger, processID: 1, startTime: 0, index: 0, parent: 0, group: 1)
  ]
  /// The serial numbers of living processes and zombies, in the order of their starts.
  private(set) var present: [Int] = []
  private var lastProcessID = lowestProcessID - 1
  private var startedInBoot: UInt64 = 0

  subscript(_ serial: Int) -> Process {
    get { processes[serial] }
    set { processes[serial] = newValue }
  }

  func isLiving(_ serial: Int) -> Bool { processes[serial].life == .living }

  /// The process that has the id now, dead or alive; nil if there is none.
  func find(_ processID: Int32) -> Int? {
    present.first { processes[$0].processID == processID }
  }

  func livingChildren(of parent: Int) -> [Int] {
    present.filter { processes[$0].parent == parent && isLiving($0) }
  }

  /// Living processes that have this one among their ancestors.
  func livingDescendants(of ancestor: Int) -> [Int] {
    present.filter { serial in
      guard isLiving(serial) else { return false }
      var parent = processes[serial].parent
      while parent != Self.initial {
        if parent == ancestor { return true }
        parent = processes[parent].parent
      }
      return false
    }
  }

  func livingMembers(ofGroup group: Int32) -> [Int] {
    present.filter { processes[$0].group == group && isLiving($0) }
  }

  // MARK: Starts and ends

  /// - Parameters:
  ///   - group: the group that it joins; nil if it leads one of its own.
  ///   - processID: an id that is free; nil for the next.
  /// - Returns: its serial number.
  mutating func start(
    _ role: Role, index: Int, parent: Int, group: Int32? = nil, as processID: Int32? = nil
  ) -> Int {
    let processID = processID ?? nextProcessID()
    startedInBoot += 1
    processes.append(
      Process(
        role: role, processID: processID, startTime: startedInBoot, index: index, parent: parent,
        group: group ?? processID))
    present.append(processes.count - 1)
    return processes.count - 1
  }

  /// As Linux gives them out: counting up, round and round, without the ids of existing processes
  /// and groups.
  private mutating func nextProcessID() -> Int32 {
    if present.count >= Int(highestProcessID) / 2 { highestProcessID *= 2 }
    while true {
      lastProcessID =
        lastProcessID == highestProcessID ? Self.lowestProcessID : lastProcessID + 1
      if !isTaken(lastProcessID) { return lastProcessID }
    }
  }

  /// Whether a process or a group has the id.
  func isTaken(_ processID: Int32) -> Bool {
    present.contains {
      processes[$0].processID == processID || processes[$0].group == processID
    }
  }

  /// A process ends. Its children go to the nearest ancestor that takes them.
  ///
  /// - Returns: that ancestor, and the children that had ended before, which it must reap.
  mutating func end(_ serial: Int) -> (heir: Int, zombies: [Int]) {
    processes[serial].life = .zombie
    var heir = processes[serial].parent
    while heir != Self.initial, !isLiving(heir) || !processes[heir].isSubreaper {
      heir = processes[heir].parent
    }
    var zombies: [Int] = []
    for child in present where processes[child].parent == serial {
      processes[child].parent = heir
      if processes[child].life == .zombie { zombies.append(child) }
    }
    return (heir, zombies)
  }

  /// The parent of a process that has ended collects its status; the id is free.
  mutating func reap(_ serial: Int) {
    processes[serial].life = .gone
    present.removeAll { $0 == serial }
  }

  /// The machine loses power.
  mutating func endAll() {
    for serial in present { processes[serial].life = .gone }
    present = []
    startedInBoot = 0
    lastProcessID = Self.lowestProcessID - 1
  }
}
