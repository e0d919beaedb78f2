package import FlowStorage
import FlowSystem

/// The folder with the runs of a user: `$FLOW_HOME`, else `$XDG_STATE_HOME/flow`, else
/// `~/.local/state/flow` (XDG Base Directory Specification 0.8).
package enum HomeFolder {
  /// Why no folder for runs can be determined.
  package enum Problem: Error {
    /// No variable names a folder.
    case unset
    /// `FLOW_HOME` is relative, and the current folder is unknown.
    case relative(String, Errno)
  }

  package static func path() throws(Problem) -> String {
    if let home = variable("FLOW_HOME") { return try absolute(home) }
    // The specification requires that relative paths are ignored.
    if let state = variable("XDG_STATE_HOME"), isAbsolute(state) { return "\(state)/flow" }
    if let home = variable("HOME"), isAbsolute(home) { return "\(home)/.local/state/flow" }
    throw .unset
  }

  private static func variable(_ name: String) -> String? {
    ProcessFacts.environmentValue(name).flatMap { $0.isEmpty ? nil : $0 }
  }

  private static func isAbsolute(_ path: String) -> Bool { path.utf8.first == UInt8(ascii: "/") }

  private static func absolute(_ path: String) throws(Problem) -> String {
    if isAbsolute(path) { return path }
    do throws(Errno) { return "\(try ProcessFacts.currentDirectory())/\(path)" } catch {
      throw .relative(path, error)
    }
  }
}
