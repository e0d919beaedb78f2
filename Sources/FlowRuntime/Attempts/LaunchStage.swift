import FlowCore
import FlowStorage
import FlowText

/// Where the command of an attempt makes the files that its step declares, until they are published.
package struct LaunchStage: Equatable, Sendable {
  /// An absolute path (`$FLOW_STAGE`), in a folder of its own in the working folder of the step.
  package var path: String
  /// The declared paths, with values in place.
  package var files: [String]
  /// The folders of these, relative to it, those that others are in first.
  package var folders: [String]
  /// The file of the run that says where the stage is, for who removes it.
  package var note: String

  /// The folder with the stages of all attempts.
  package static func folder(in workingDirectory: String) -> String {
    "\(workingDirectory)/\(StepFiles.stages)"
  }

  init(_ path: String, for files: [String], note: String) {
    self.path = path
    self.note = note
    self.files = files
    folders = []
    for file in files {
      var names = file.split(separator: "/")
      if !StepFiles.isFolder(file) { names.removeLast() }
      for count in 0..<names.count {
        let folder = names[...count].joined(separator: "/")
        if !folders.contains(where: { $0.utf8.elementsEqual(folder.utf8) }) {
          folders.append(folder)
        }
      }
    }
  }

  /// The attempt's stage in that folder: no two attempts of all runs have the same.
  static func path(
    of step: String, attempt: Int32, runID: String, in workingDirectory: String
  ) -> String {
    let name = AttemptFileName(ofStep: step, attempt: attempt, suffix: AttemptFileName.stage).text
    return "\(folder(in: workingDirectory))/\(name)-\(runID)"
  }

  /// Removes the stages of a run with all that is in them, and the folder of stages if they were the last.
  ///
  /// - Parameter note: the bytes of the file that says where one of them is. Those of others may have been lost
  ///   with the power, so all are removed that are beside it. Nothing else is than what can be a stage of that
  ///   run.
  static func remove(
    noted note: [UInt8], ofRun runID: String, in storage: some Storage
  ) throws(StorageError) {
    let path = RawText.text(note)
    guard path.utf8.first == UInt8(ascii: "/"), let folder = PathName.parent(of: path),
      PathName.last(of: folder) == StepFiles.stages, isStage(PathName.last(of: path), ofRun: runID)
    else { return }
    let names: [String]
    do throws(StorageError) { names = try Folder(folder, in: storage).names() } catch {
      // None was made, or all are gone.
      if [.noSuchFile, .notDirectory].contains(error.errno) { return }
      throw error
    }
    for name in names where isStage(name, ofRun: runID) {
      try storage.removeTree("\(folder)/\(name)")
    }
    // Refused unless it is empty.
    try? storage.removeDirectory(folder)
  }

  /// Whether a folder of that name can be the stage of an attempt of the run.
  private static func isStage(_ name: String, ofRun runID: String) -> Bool {
    guard let sign = name.utf8.firstIndex(of: UInt8(ascii: "@")) else { return false }
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    return name.utf8[sign...].dropFirst().drop { digits.contains($0) }
      .elementsEqual(".\(AttemptFileName.stage)-\(runID)".utf8)
  }
}

extension RunFolder {
  /// Removes the stage of which that file of the run says where it is.
  ///
  /// - Parameter runID: nil for what the folder is called.
  func removeStage(
    noted path: String, ofRun runID: String? = nil, in storage: some Storage
  ) throws(StorageError) {
    let bytes = try File(path, .read, in: storage).read(at: 0, count: 8_192)
    try LaunchStage.remove(noted: bytes, ofRun: runID ?? PathName.last(of: self.path), in: storage)
  }
}

/// The words of a process that publishes: `flow publish-files`, which no user calls.
package enum PublishCommand {
  package static let name = "publish-files"
  package static let completes = "--complete"
  package static let manifest = "--manifest"
  package static let folder = "--folder"
  package static let stage = "--stage"
}
