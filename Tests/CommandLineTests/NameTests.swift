import Glibc
import TestSupport
import Testing

/// Names and values whose bytes are no text are refused: what they stand for would be another thing.
struct NameTests {
  @Test(arguments: [
    (#"run w$(printf '\376').json"#, #"argument 2 is not UTF-8: "w\xFE.json""#),
    (#"run w.json -p x=$(printf 'a\377b')"#, #"argument 4 is not UTF-8: "x=a\xFFb""#),
    (#"status $(printf '\303')"#, #"argument 2 is not UTF-8: "\xC3""#),
  ])
  func argumentsAreUTF8(line: String, problem: String) async throws {
    let home = Home()
    let finished = try await home.flow(by: ["/bin/sh", "-c", "exec \"$0\" \(line)"])
    #expect(finished.ending == .exit(2))
    #expect(
      finished.errors == "flow: \(problem); flow takes names and values in UTF-8 only\n")
    #expect(home.runs == [])
  }

  @Test func soIsTheFolderForRuns() async throws {
    let home = Home()
    let finished = try await home.flow(
      by: ["/bin/sh", "-c", #"FLOW_HOME=/tmp/h$(printf '\377') exec "$0" list"#])
    #expect(finished.ending == .exit(2))
    #expect(
      finished.errors
        == "flow: FLOW_HOME is not UTF-8: \"/tmp/h\\xFF\"; flow takes names and values in UTF-8 only\n"
    )
  }
}
