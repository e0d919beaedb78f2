import FlowCore
import FlowRuntime
import FlowStorage
import FlowSystem

/// The files with the output of a run's attempts.
struct AttemptOutputs {
  let runID: String
  let folder: RunFolder

  /// The report on the steps because of which a run did not succeed.
  func report(_ failures: FailedSteps, _ state: RunState) -> FailureReport {
    FailureReport(failures, state, runID: runID, folder: folder) {
      lastLines($0, state, FailureReport.mostLines)
    }
  }

  /// The end of an attempt's output, at most `limit` bytes; nil where there is nothing to read.
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

  /// Empty where there is none, or it cannot be read: the rest is shown all the same.
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
