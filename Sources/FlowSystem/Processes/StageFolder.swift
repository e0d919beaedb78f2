import FlowRuntime
import FlowStorage
import FlowText
import Glibc

/// The folder in which a command makes the files that its step declares.
enum StageFolder {
  /// Makes it anew, with the folders of the declared paths in it. What a former launch of the attempt has left
  /// there is removed.
  static func make(_ stage: LaunchStage, in workingDirectory: String) throws(Errno) {
    // Before anything is there: who removes it finds the note.
    try FileWriting.replace(
      stage.note, with: RawText.bytes(stage.path), building: stage.note + "-", permissions: 0o600)
    var triesLeft = mostTries
    while true {
      do throws(Errno) {
        try makeFolder(LaunchStage.folder(in: workingDirectory))
      } catch .noSuchFile {
        // The command cannot be started there, which its monitor reports.
        return
      } catch .notDirectory {
        return
      }
      do throws(Errno) {
        try makeAnew(stage.path)
        break
      } catch {
        // A publication removes the folder of stages when it was the last one.
        if error != .noSuchFile || triesLeft == 0 { throw error }
        triesLeft -= 1
      }
    }
    for folder in stage.folders { try makeFolder("\(stage.path)/\(folder)") }
  }

  private static let mostTries = 100

  private static func makeAnew(_ path: String) throws(Errno) {
    do throws(Errno) { try make(path) } catch .fileExists {
      do throws(StorageError) { try TreeRemoval.remove(path) } catch { throw error.errno }
      try make(path)
    }
  }

  private static func makeFolder(_ path: String) throws(Errno) {
    do throws(Errno) { try make(path) } catch .fileExists {}
  }

  /// Its files will be those of the user's folder, so its permissions are as usual.
  private static func make(_ path: String) throws(Errno) {
    _ = try systemCall { unsafe mkdir(cPath(path), 0o777) }
  }
}
