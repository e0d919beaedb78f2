import FlowLog
import FlowStorage
import Testing

/// What people are told when the log, or the disk under it, fails.
struct WordingTests {
  private static let known: [Int32] = [
    1, 2, 4, 5, 6, 7, 8, 9, 11, 12, 13, 16, 17, 20, 21, 22, 24, 26, 27, 28, 30, 32, 36, 39, 40, 95,
    122,
  ]

  @Test func errorNumbersHaveWordsOfTheirOwn() {
    let words = Self.known.map { "\(Errno(rawValue: $0))" }
    #expect(Set(words).count == words.count)
    for text in words { #expect(text.contains("(E") && text.hasSuffix(")"), "\(text)") }
    #expect("\(Errno.noSpace)" == "no space left on device (ENOSPC)")
    #expect("\(Errno(rawValue: 71))" == "error 71")
  }

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
