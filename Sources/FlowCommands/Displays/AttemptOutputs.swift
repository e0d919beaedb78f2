import FlowCore
import FlowRuntime
import FlowStorage
import FlowSystem

/// What the attempts of a run have printed, in its files.
struct AttemptOutputs {
  let runID: String
  let folder: RunFolder

  /// What to say of the steps because of which a run did not succeed.
  func report(_ failures: FailedSteps, _ state: RunState) -> FailureReport {
    FailureReport(failures, state, runID: runID, folder: folder) {
      lastLines($0, state, FailureReport.mostLines)
    }
  }

  /// The end of what an attempt printed, at most `limit` bytes; nil where there is nothing to read.
  func excerpt(_ attempt: AttemptID, _ state: RunState, limit: Int) -> OutputExcerpt? {
    do throws(Errno) {
      let (bytes, size) = try FileReading.ending(of: path(attempt, state), limit: limit)
      return OutputExcerpt(bytes: bytes, totalByteCount: max(size, Int64(bytes.count)))
    } catch {
      return nil
    }
  }

  private func path(_ attempt: AttemptID, _ state: RunState) -> String {
    folder.output(
      ofStep: state.definition.steps[Int(attempt.step)].id, attempt: attempt.number)
  }

  /// Empty where there is none: what cannot be read is no reason not to show the rest.
  func lastLine(_ attempt: AttemptID, _ state: RunState) -> String {
    let limit = OutputTail.lastLineByteCount
    return OutputTail.lastLine(of: tail(path(attempt, state), limit))
  }

  /// At most `count`.
  private func lastLines(_ attempt: AttemptID, _ state: RunState, _ count: Int) -> [String] {
    let limit = OutputTail.lastLinesByteCount
    let bytes = tail(path(attempt, state), limit)
    return OutputTail.lastLines(of: bytes, count, isWhole: bytes.count < limit)
  }

  private func tail(_ path: String, _ limit: Int) -> [UInt8] {
    do throws(Errno) { return try FileReading.tail(of: path, limit: limit) } catch { return [] }
  }
}
