import FlowText
import Glibc

/// The processes of the runs of one home, wherever they have gone.
package enum HomeProcesses {
  /// The variable that names the home.
  private static let homeName = "FLOW_HOME"
  /// How long a process that was killed has to be gone, in milliseconds.
  private static let patience: Int32 = 1_000
  /// A process can start another one while it is found.
  private static let mostRounds = 20

  /// Kills whatever lives of the runs of a home that is about to be removed: engines, launchers, monitors,
  /// commands, and what these have left behind.
  ///
  /// - Parameter home: an absolute path that no other home has had before.
  /// - Returns: the ids of processes that do not end.
  @discardableResult
  package static func kill(ofHome home: String) -> [Int32] {
    var left: [Int32] = []
    for _ in 1...mostRounds {
      let found = processes(ofHome: home)
      if found.isEmpty { return [] }
      for process in found { process.signal(SIGKILL) }
      left = found.filter { !$0.awaitEnd(milliseconds: patience) }.map(\.processID)
      // What ignores SIGKILL does so for longer than this waits.
      if left.count == found.count { break }
    }
    return left
  }

  private static func processes(ofHome home: String) -> [ProcessDescriptor] {
    ProcessVariables.processIDs().compactMap { processID in
      guard processID != getpid(), let process = ProcessDescriptor(processID) else { return nil }
      let variables = ProcessVariables(of: processID)
      let isOfHome =
        variables.value(of: homeName)?.utf8.elementsEqual(home.utf8) == true
        || variables.value(of: ProcessVariables.folderName)?.utf8.starts(with: "\(home)/".utf8)
          == true
      // If the process still lives, its id named no other process in the meantime.
      return isOfHome && !process.awaitEnd(milliseconds: 0) ? process : nil
    }
  }
}
