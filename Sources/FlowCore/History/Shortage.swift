/// What the machine can run out of for a while. A run waits for it, and nothing fails for it.
package enum Shortage: UInt8, CaseIterable, Hashable, Sendable {
  /// On the disk: blocks, or inodes for new files (ENOSPC, EDQUOT).
  case space = 0
  /// Processes, or what flow needs to start one: memory, descriptors (EAGAIN, ENOMEM, EMFILE,
  /// ENFILE).
  case processes = 1

  /// As programs read it.
  package var key: String {
    switch self {
    case .space: "room"
    case .processes: "processes"
    }
  }

  /// As in `waits for …`.
  package var name: String {
    switch self {
    case .space: "disk space"
    case .processes: "a process"
    }
  }
}

/// What a run waits for at one time.
package struct Shortages: OptionSet, Hashable, Sendable {
  /// As the lock file of the run has it (`HolderRecord`).
  package let rawValue: UInt64

  package init(rawValue: UInt64) { self.rawValue = rawValue }

  package init(_ shortage: Shortage) { rawValue = 1 << UInt64(shortage.rawValue) }

  package static let space = Shortages(.space)
  package static let processes = Shortages(.processes)

  /// The one that is told where there is room for one.
  package var first: Shortage? { Shortage.allCases.first { contains(Shortages($0)) } }
}
