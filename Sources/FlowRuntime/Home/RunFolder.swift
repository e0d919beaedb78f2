/// Where the things of one run are.
///
///     <home>/runs/<run id>/
///       definition.json   as it was given
///       lock              held by the engine; says which process, and how much of the log is durable
///       log/              the history, in segments
///       launcher          held by the launcher, and by monitors that are about to begin
///       requests/         requests to cancel, one a file
///       engine.log        what an engine without a terminal had to say
///       attempts/         what each attempt printed: <step>@<attempt>.out, and what its monitor
///                         knows of it: <step>@<attempt>.rec
///       work/             belongs to the steps ($FLOW_RUN_DIR)
package struct RunFolder: Hashable, Sendable {
  package let path: String

  package init(path: String) {
    self.path = path
  }

  /// The folder that holds the run's name.
  var home: String {
    let end = path.utf8.lastIndex(of: UInt8(ascii: "/")) ?? path.startIndex
    return end == path.startIndex ? "/" : String(path[..<end])
  }

  package var definition: String { "\(path)/definition.json" }
  package var lock: String { "\(path)/lock" }
  package var launcher: String { "\(path)/launcher" }
  package var requests: String { "\(path)/requests" }
  package var engineLog: String { "\(path)/engine.log" }
  package var log: String { "\(path)/log" }
  package var attempts: String { "\(path)/attempts" }
  package var work: String { "\(path)/work" }

  /// Unambiguous, since no step id contains `@`.
  package func output(ofStep id: String, attempt: Int32) -> String {
    "\(attempts)/\(id)@\(attempt).out"
  }

  package func record(ofStep id: String, attempt: Int32) -> String {
    "\(attempts)/\(id)@\(attempt).rec"
  }
}
