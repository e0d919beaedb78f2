import FlowCore
import FlowRuntime
import Glibc
import TestSupport
import Testing

@testable import FlowCommands

struct AttemptOutputsTests {
  /// A monitor discards the middle of an output: then there is a hole. What is left is less than is
  /// read, and with the line for the hole more.
  @Test func aWholeOutputKeepsItsFirstLine() throws {
    let kept = 4_096
    let folder = TemporaryFolder()
    var history = try History(
      WorkflowDefinition("a", settings: StepSettings(maxOutputBytes: Int64(4 * kept))))
    history.run("a", .exited(code: 1), milliseconds: 1)
    let outputs = AttemptOutputs(runID: "r", folder: RunFolder(path: folder.path))
    let attempt = AttemptID(step: 0, number: 1)
    unsafe mkdir("\(folder.path)/attempts", 0o700)
    let path = outputs.folder.output(ofStep: "a", attempt: 1)
    let begin = Array("first\n".utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: kept - 6)
    TestFile.write(begin, to: path)
    let end = [UInt8](
      repeating: UInt8(ascii: "y"), count: OutputTail.lastLinesByteCount - kept - 4)
    let descriptor = unsafe open(path, O_WRONLY)
    #expect(unsafe pwrite(descriptor, end, end.count, off_t(100 * kept)) == end.count)
    close(descriptor)
    let lines = try #require(outputs.tail(attempt, history.state, 9))
    #expect(lines.first == "first" && lines.count == 4, "\(lines.map { $0.prefix(20) })")
    #expect(lines[2] == "… 405.5 kB discarded …")
    let part = outputs.excerpt(attempt, history.state, limit: end.count + kept - 1)
    #expect(part?.isWhole == false)
  }
}
