import CLinux
import FlowRuntime
import FlowStorage
import Glibc

/// What steps have put out, as files for the commands that need it.
///
/// The values of a step are written once in the life of an engine: a power loss may have taken what an
/// engine before it had written. Each attempt has a folder with links to them.
struct InputFiles {
  private var written: Set<String> = []

  mutating func write(_ inputs: LaunchInputs) throws(Errno) {
    try Self.makeFolder(inputs.folder)
    for step in inputs.steps {
      if !written.contains(step.folder) {
        try Self.write(step)
        written.insert(step.folder)
      }
      try Self.link(step, in: inputs.folder)
    }
  }

  private static func makeFolder(_ path: String) throws(Errno) {
    do throws(Errno) { _ = try systemCall { unsafe mkdir(cPath(path), 0o700) } } catch {
      if error != .fileExists { throw error }
    }
  }

  private static func write(_ step: LaunchInputs.Step) throws(Errno) {
    try makeFolder(step.folder)
    for value in step.values {
      try FileWriting.replace(
        "\(step.folder)/\(value.name)", with: value.bytes,
        building: "\(step.folder)/.\(value.name)", permissions: 0o400)
    }
  }

  /// The id of a step of a call has the names of folders in it.
  private static func link(_ step: LaunchInputs.Step, in folder: String) throws(Errno) {
    let parts = step.id.split(separator: "/")
    var parent = folder
    for part in parts.dropLast() {
      parent += "/\(part)"
      try makeFolder(parent)
    }
    let path = "\(folder)/\(step.id)"
    unsafe _ = unlink(cPath(path))
    _ = try systemCall { unsafe symlink(cPath(step.folder), cPath(path)) }
  }
}
