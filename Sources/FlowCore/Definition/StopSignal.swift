/// What a stop sends to the processes of an attempt first.
package enum StopSignal: UInt8, CaseIterable, Hashable, Sendable {
  case terminate = 0
  case interrupt = 1
  case hangUp = 2
  case quit = 3
  case user1 = 4
  case user2 = 5

  /// On Linux.
  package var number: Int32 {
    switch self {
    case .terminate: 15
    case .interrupt: 2
    case .hangUp: 1
    case .quit: 3
    case .user1: 10
    case .user2: 12
    }
  }
}

extension StopSignal: CustomStringConvertible {
  /// As definitions name it.
  package var description: String {
    switch self {
    case .terminate: "TERM"
    case .interrupt: "INT"
    case .hangUp: "HUP"
    case .quit: "QUIT"
    case .user1: "USR1"
    case .user2: "USR2"
    }
  }
}
