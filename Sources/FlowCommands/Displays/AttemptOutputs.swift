import FlowCore
import FlowRuntime
import FlowStorage
import FlowSystem

/// The files with the output of a run's attempts.
struct AttemptOutputs {
  let runID: String
  let folder: RunFolder
  private let secrets = KnownSecrets()

  init(runID: String, folder: RunFolder) {
    self.runID = runID
    self.folder = folder
  }

  /// The report on the steps because of which a run did not succeed.
  func report(_ failures: FailedSteps, _ state: RunState) -> FailureReport {
    FailureReport(
      failures, state, runID: runID, folder: folder, exists: { exists($0, state) },
      lastLines: { lastLines($0, state, FailureReport.mostLines) })
  }

  /// The end of an attempt's output, at most `limit` bytes; nil where there is nothing to read.
  func excerpt(_ attempt: AttemptID, _ state: RunState, limit: Int) -> OutputExcerpt? {
    ending(attempt, state, limit)
  }

  func exists(_ attempt: AttemptID, _ state: RunState) -> Bool {
    do throws(Errno) {
      return try OutputReading.read(path(attempt, state), of: settings(attempt, state)) { _ in true
      }
    } catch {
      return error != .noSuchFile
    }
  }

  private func path(_ attempt: AttemptID, _ state: RunState) -> String {
    folder.output(
      ofStep: state.definition.fileID(ofStep: Int(attempt.step)), attempt: attempt.number)
  }

  /// Empty where there is none, or it cannot be read: the rest is shown all the same.
  func lastLine(_ attempt: AttemptID, _ state: RunState) -> String {
    OutputTail.lastLine(of: ending(attempt, state, OutputTail.lastLineByteCount)?.bytes ?? [])
  }

  /// At most `count`.
  private func lastLines(_ attempt: AttemptID, _ state: RunState, _ count: Int) -> [String] {
    tail(attempt, state, count) ?? []
  }

  /// The last lines, at most `count`, escaped; nil where there is nothing to read.
  func tail(_ attempt: AttemptID, _ state: RunState, _ count: Int) -> [String]? {
    guard let end = ending(attempt, state, OutputTail.lastLinesByteCount) else { return nil }
    return OutputTail.lastLines(of: end.bytes, count, isWhole: end.isWhole)
  }

  private func settings(_ attempt: AttemptID, _ state: RunState) -> StepSettings {
    state.definition.settings(ofStep: Int(attempt.step))
  }

  /// With a line where the middle was discarded.
  private func ending(
    _ attempt: AttemptID, _ state: RunState, _ limit: Int
  ) -> OutputExcerpt? {
    do throws(Errno) {
      let settings = settings(attempt, state)
      return try OutputReading.read(path(attempt, state), of: settings) { (output) throws(Errno) in
        let (before, last, gap, byteCount) = try output.ending(limit: limit)
        let missing = byteCount - Int64((before?.bytes.count ?? 0) + last.bytes.count)
        var isWhole = missing <= 0
        let values = secrets.values(of: state)
        func masked(_ piece: OutputPiece, isBehindGap: Bool, isBeforeGap: Bool) -> [UInt8] {
          let found = SecretMask.find(
            values, in: piece, isBehindGap: isBehindGap, isBeforeGap: isBeforeGap,
            isEnd: isBeforeGap || !state.isOpen(attempt))
          return SecretMask.masked(Array(piece.bytes[..<found.settled]), found.ranges)
        }
        var bytes: [UInt8] = []
        if let before, let gap {
          isWhole = missing <= gap.byteCount
          bytes = masked(before, isBehindGap: !isWhole, isBeforeGap: true)
          bytes += DiscardedText.line(gap.byteCount, after: bytes.last).utf8
        }
        bytes += masked(last, isBehindGap: before != nil || !isWhole, isBeforeGap: false)
        return OutputExcerpt(
          bytes: bytes, totalByteCount: max(byteCount, Int64(bytes.count)), isWhole: isWhole)
      }
    } catch {
      return nil
    }
  }
}

extension RunState {
  /// Whether more may come in the output of the attempt.
  func isOpen(_ attempt: AttemptID) -> Bool {
    let step = steps[Int(attempt.step)]
    return step.hasOpenAttempt && step.attempt == attempt.number
  }
}

extension OutputReading {
  /// The output of an attempt of a step with these settings.
  static func read<Value>(
    _ path: String, of settings: StepSettings,
    _ body: (OutputReading) throws(Errno) -> Value
  ) throws(Errno) -> Value {
    try read(
      path, maxBytes: settings.maxOutputBytes, holdsSecrets: !settings.secrets.isEmpty, body)
  }
}

/// The line that stands for the discarded middle of an output.
enum DiscardedText {
  /// `… 11.2 MB discarded …`, in powers of 1000.
  static func text(_ byteCount: Int64) -> String {
    var unit = 0
    var whole = max(byteCount, 0)
    var tenths: Int64 = 0
    while whole >= 1_000 && unit < units.count - 1 {
      tenths = whole % 1_000 / 100
      whole /= 1_000
      unit += 1
    }
    return "… \(whole)\(tenths == 0 ? "" : ".\(tenths)") \(units[unit]) discarded …"
  }

  private static let units = ["bytes", "kB", "MB", "GB", "TB"]

  /// A line of its own.
  ///
  /// - Parameter before: the byte before it; nil for none.
  static func line(_ byteCount: Int64, after before: UInt8?) -> String {
    let isWithinLine = before.map { $0 != UInt8(ascii: "\n") } ?? false
    return (isWithinLine ? "\n" : "") + text(byteCount) + "\n"
  }
}
