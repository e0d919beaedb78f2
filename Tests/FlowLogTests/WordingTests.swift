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
    (LogError.Reason.empty, "no log is here"),
    (.newer, "byte 9: written by a newer flow"),
    (.damaged(.missingSegment), "byte 9: damaged: the segment is missing"),
    (.damaged(.segmentHeader), "byte 9: damaged: the segment's header is wrong"),
    (.damaged(.cutShort), "byte 9: damaged: the segment is shorter than it was"),
    (.damaged(.frame(.chain)), "byte 9: damaged: a frame does not follow from the one before it"),
    (
      .damaged(.acknowledgedMissing(through: 7)),
      "byte 9: damaged: a frame is wrong, and events up to 7 were durable"
    ),
    (
      .damaged(.moreThanOneCommit), "byte 9: damaged: more bytes are wrong than a crash can leave"
    ),
    (
      .damaged(.bytesBeforeSeal), "byte 9: damaged: bytes that are no frame come before the seal"
    ),
    (.damaged(.bytesAfterSeal), "byte 9: damaged: bytes follow the seal"),
    (
      .damaged(.successorDisagrees),
      "byte 9: damaged: the segment does not end where its successor begins"
    ),
    (.damaged(.deflate), "byte 9: damaged: a frame does not inflate to its length"),
    (
      .writerFailed(storage),
      "the log is not written any more, since: cannot write log/1: input/output error (EIO)"
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
