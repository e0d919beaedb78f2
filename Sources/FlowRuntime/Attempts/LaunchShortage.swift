package import FlowCore
package import FlowStorage

extension Errno {
  /// What the machine lacks, if that is what the error says of a launch.
  package var shortage: Shortage? {
    switch self {
    case .noSpace, .quotaExceeded: .space
    case .tryAgain, .noMemory, .tooManyOpenFilesInSystem, .tooManyOpenFiles: .processes
    default: nil
    }
  }
}
