import FlowLog
import FlowStorage
import Testing

/// The messages for a log that cannot be read or written.
struct WordingTests {
  private static let storage = StorageError(.write, "log/1", .inputOutput)

  @Test(arguments: [
    (LogError.Reason.empty, "no history log in this folder"),
    (.newer, "byte 9: written by a newer flow"),
    (.damaged(.missingSegment), "byte 9: damaged: missing segment"),
    (.damaged(.segmentHeader), "byte 9: damaged: invalid segment header"),
    (.damaged(.cutShort), "byte 9: damaged: truncated segment"),
    (.damaged(.frame(.chain)), "byte 9: damaged: frame does not follow the one before it"),
    (
      .damaged(.acknowledgedMissing(through: 7)),
      "byte 9: damaged: invalid frame, although events up to 7 were durable"
    ),
    (
      .damaged(.moreThanOneCommit), "byte 9: damaged: more invalid bytes than a crash can leave"
    ),
    (
      .damaged(.bytesBeforeSeal), "byte 9: damaged: garbage before the seal"
    ),
    (.damaged(.bytesAfterSeal), "byte 9: damaged: garbage after the seal"),
    (
      .damaged(.successorDisagrees),
      "byte 9: damaged: the segment does not end where the next one begins"
    ),
    (.damaged(.deflate), "byte 9: damaged: frame payload that does not inflate to its length"),
    (
      .writerFailed(storage),
      "cannot append after an earlier failure: cannot write log/1: input/output error (EIO)"
    ),
  ])
  func errorsSayWhereAndWhat(reason: LogError.Reason, text: String) {
    #expect("\(LogError("log/1", at: 9, reason))" == "log/1: \(text)")
  }

  @Test func aFailedOperationSpeaksForItself() {
    let error = LogError("log", .storage(Self.storage))
    #expect("\(error)" == "cannot write log/1: input/output error (EIO)")
  }
}
