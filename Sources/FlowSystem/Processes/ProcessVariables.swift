import CLinux
import FlowText
import Glibc

/// The environment variables of a process, by which the attempt is known that it belongs to.
struct ProcessVariables {
  private let lines: [ArraySlice<UInt8>]

  /// Names the run even where another home has one with the same id.
  static let folderName = "FLOW_RUN_DIR"

  /// Empty if they cannot be read, as for another user's process.
  init(of processID: Int32) {
    let bytes = (try? FileReading.bytes(of: "/proc/\(processID)/environ", limit: 8 << 20)) ?? []
    lines = bytes.split(separator: 0)
  }

  /// Of all processes.
  static func processIDs() -> [Int32] {
    ((try? LinuxStorage().entries(of: "/proc")) ?? []).compactMap { Int32($0) }
  }

  /// A monitor is a copy of this executable with a name of its own.
  static func isOfMonitor(_ processID: Int32) -> Bool {
    let line = (try? FileReading.bytes(of: "/proc/\(processID)/comm", limit: 256)) ?? []
    return line.starts(with: Array("flow: ".utf8))
  }

  /// - Parameter variable: `NAME=value`.
  func contain(_ variable: [UInt8]) -> Bool {
    lines.contains { $0.elementsEqual(variable) }
  }

  func value(of name: String) -> String? {
    let start = Array("\(name)=".utf8)
    return lines.first { $0.starts(with: start) }
      .map { RawText.text(Array($0.dropFirst(start.count))) }
  }

  /// Whether they name the run with this work folder: another home may hold a run with the same id. One
  /// home can have two paths.
  func areOfRun(_ folder: String) -> Bool {
    guard let other = value(of: Self.folderName) else { return false }
    if other == folder { return true }
    var (one, two) = (stat(), stat())
    guard unsafe stat(cPath(folder), &one) == 0, unsafe stat(cPath(other), &two) == 0 else {
      return false
    }
    return one.st_dev == two.st_dev && one.st_ino == two.st_ino
  }
}

/// An attempt of which a process lives.
package struct LivingAttempt: Hashable, Sendable {
  package let step: String
  package let number: Int32

  package init(step: String, number: Int32) {
    self.step = step
    self.number = number
  }

  /// The attempts of a run of which processes live, other than processes of flow that watch them.
  ///
  /// - Parameter workFolder: of the run.
  package static func all(ofRun id: String, workFolder: String) -> Set<LivingAttempt> {
    let mark = Array("FLOW_RUN_ID=\(id)".utf8)
    var found: Set<LivingAttempt> = []
    for processID in ProcessVariables.processIDs() {
      let variables = ProcessVariables(of: processID)
      guard variables.contain(mark), variables.areOfRun(workFolder),
        let step = variables.value(of: "FLOW_STEP_ID"),
        let number = variables.value(of: "FLOW_ATTEMPT").flatMap({ Int32($0) }),
        !ProcessVariables.isOfMonitor(processID)
      else { continue }
      found.insert(LivingAttempt(step: step, number: number))
    }
    return found
  }
}
