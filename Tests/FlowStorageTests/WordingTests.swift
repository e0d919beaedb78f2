import FlowStorage
import Testing

/// The messages for an operation of the storage that failed.
struct WordingTests {
  private static let known: [Int32] = [
    1, 2, 4, 5, 6, 7, 8, 9, 11, 12, 13, 16, 17, 20, 21, 22, 24, 26, 27, 28, 30, 32, 36, 39, 40, 95,
    71, 103, 107, 122, 132,
  ]

  @Test func errorNumbersHaveWordsOfTheirOwn() {
    let words = Self.known.map { "\(Errno(rawValue: $0))" }
    #expect(Set(words).count == words.count)
    for text in words { #expect(text.contains("(E") && text.hasSuffix(")"), "\(text)") }
    #expect("\(Errno.noSpace)" == "no space left on device (ENOSPC)")
    #expect("\(Errno(rawValue: 4_711))" == "error 4711")
  }

  @Test func anErrorNamesOperationPathAndReason() {
    #expect(
      "\(StorageError(.reserve, "log/1", .quotaExceeded))"
        == "cannot reserve space in log/1: disk quota exceeded (EDQUOT)")
  }

  @Test(arguments: [Errno.noSpace, .quotaExceeded])
  func aFullDiskMayHaveSpaceLater(errno: Errno) {
    #expect(errno.isOutOfSpace)
  }

  @Test func otherErrorsAreNoLackOfSpace() {
    #expect(!Errno.inputOutput.isOutOfSpace)
  }
}
