import FlowCore
import FlowRuntime
import FlowStorage

/// What really became of files that steps declare, whatever the history says.
struct WorldFiles {
  /// By attempt whose command has succeeded with all of them, its files by their paths.
  private(set) var made: [AttemptID: [String: [UInt8]]] = [:]
  /// All of these, by path.
  private(set) var whole: [String: Set<[UInt8]>] = [:]

  /// An attempt has used a former result, where its command would have made these.
  mutating func used(_ files: [String: [UInt8]], by attempt: AttemptID) { made[attempt] = files }

  mutating func made(_ files: [String: [UInt8]], by attempt: AttemptID) {
    made[attempt] = files
    for (path, bytes) in files { whole[path, default: []].insert(bytes) }
  }
}

extension World {
  /// The folder where steps work that make files is there before there is a run.
  func makeFolderForFiles() {
    visit {
      do throws(Errno) {
        try storage.makeDirectory(RandomFiles.folder)
        try storage.makeDirectory("\(RandomFiles.folder)/\(RandomFiles.inputs)")
        try storage.syncDirectory(RandomFiles.folder)
        try storage.syncDirectory("/")
      } catch {
        preconditionFailure("a new disk has no room for a folder: \(error)")
      }
    }
  }

  /// What is in the place of a declared file; nil if nothing is.
  func content(ofFile path: String) -> [UInt8]? {
    guard let node = try? storage.find("\(RandomFiles.folder)/\(path)"), !storage.isFolder(node)
    else {
      return nil
    }
    return storage.nodes[node].file.bytes
  }

  /// Each file is whole, and one that a command has made that succeeded.
  func checkFiles() throws(Violation) {
    guard let names = storage.names(at: RandomFiles.folder)?.sorted() else { return }
    for name in names where name != StepFiles.stages && name != RandomFiles.inputs {
      guard let bytes = content(ofFile: name) else { continue }
      if files.whole[name]?.contains(bytes) != true {
        throw Violation(
          .files,
          "\(name) is in its place with \(bytes.count) bytes that no command has made that succeeded"
        )
      }
    }
  }
}
