import TestSupport
import Testing

/// What tests of steps that run for each item share.
extension Home {
  /// A step that puts out the lines of the file `list`.
  static let scan =
    #"{"id": "scan", "run": "cat list > $FLOW_OUTPUTS/files", "outputs": {"files": "lines"}}"#

  /// The lines that commands have added to the file `ran`.
  var ran: [String] {
    folder.contents(of: "ran").split(separator: "\n").map(String.init)
  }

  /// Checks the history of the run `r`, and that nothing of it runs.
  func checkItems() async throws {
    #expect(try await flow("replay", "r", "--verify").ending == .exit(0))
    let verify = try await flow("verify", "r")
    #expect(verify.ending == .exit(0) && !verify.output.contains("note"), "\(verify.output)")
    #expect(folder.processes() == [])
  }
}
