import TestSupport
import Testing

/// Help, messages, documents and comments use plain technical English: retired words stay retired.
struct LanguageTests {
  /// Phrases that had to be decoded, with what to write instead.
  private static let retired: [(phrase: String, instead: String)] = [
    ("whoever", "name the actor: the engine, the monitor, the reader"),
    ("nobody", "name the actor, or: unknown, none"),
    ("somebody", "name the actor, or use the passive"),
    ("someone", "name the actor, or use the passive"),
    ("nobody can say", "unknown"),
    ("no one can say", "unknown"),
    ("is to be", "must be"),
    ("are to be", "must be"),
    ("goes on with", "continues, resumes"),
    ("go on with", "continue, resume"),
    ("gone on with", "continued, resumed"),
    ("taken up", "reattached"),
    ("takes up", "reattaches, resumes"),
    ("told to leave", "detached"),
    ("one too many", "unexpected argument"),
    ("do not go together", "cannot be combined"),
    ("stands where", "expected X, found Y"),
    ("begins so", "starts with this"),
    ("chronicle", "history"),
    ("youngest", "most recent"),
    ("rotted", "corrupted"),
    ("broke off", "was interrupted"),
    ("whole and right", "undamaged and consistent"),
    ("make it whole", "recover it"),
    ("room on the disk", "disk space"),
    ("left over", "straggler"),
    ("leftovers", "stragglers"),
    ("the rules call for", "the policy decides"),
    ("by the rules", "by the policy"),
    ("back from a copy", "from a backup"),
    ("that there is not", "unknown, missing"),
    ("of more the", "beyond that"),
  ]

  /// Besides, what no message says.
  private static let retiredInMessages =
    retired + [
      (phrase: "goes on", instead: "continues, resumes"),
      (phrase: "go on", instead: "continue, resume"),
    ]

  /// What commands print: the text between the quotes of each line, and help in its blocks.
  @Test func messagesAreFreeOfRetiredWords() {
    let files = Repository.files(under: "Sources").filter { $0.hasSuffix(".swift") }
    #expect(files.count > 300)
    var count = 0
    for file in files {
      let literals = Self.literals(of: Repository.lines(of: file))
      count += literals.count
      check(literals, of: file, for: Self.retiredInMessages)
    }
    #expect(count > 3_000)
  }

  @Test(arguments: ["README.md", "CONTRIBUTING.md", "Sources/README.md"])
  func documentsAreFreeOfRetiredWords(path: String) {
    let lines = Repository.lines(of: path)
    #expect(lines.count > 20)
    // A phrase can span two lines.
    let pairs = zip(lines, lines.dropFirst() + [""]).map { "\($0) \($1)" }
    check(pairs, of: path, for: Self.retired)
  }

  /// Comments of the modules that readers meet first.
  @Test(arguments: ["FlowCore", "FlowDefinition", "FlowText", "FlowCommandLine", "FlowCommands"])
  func commentsNameTheActor(module: String) {
    let actors = Self.retired.prefix { $0.phrase != "goes on with" }
    for file in Repository.files(under: "Sources/\(module)") {
      let comments = Repository.lines(of: file).filter { Self.isComment($0) }.map(String.init)
      check(comments, of: file, for: Array(actors))
    }
  }

  @Test func aRetiredWordIsFound() {
    let lines = [
      "  // nobody reads a comment here", "  throw error(\"it is read \"", "    + \"by nobody\")",
      "  let help = \"\"\"", "    somebody may read this", "    \"\"\"", "  let nobody = 1",
    ]
    let found = Self.literals(of: lines).filter { Self.contains("nobody", in: $0) }
    #expect(found == ["it is read by nobody"])
    #expect(Self.literals(of: lines).contains { Self.contains("somebody", in: $0) })
    #expect(!Self.contains("go on", in: "cargo once"))
    #expect(Self.contains("go on", in: "Go on."))
  }

  private func check(
    _ texts: [String], of file: String, for phrases: [(phrase: String, instead: String)]
  ) {
    let whole = texts.joined(separator: "\n")
    for (phrase, instead) in phrases where Self.contains(phrase, in: whole) {
      for text in texts where Self.contains(phrase, in: text) {
        Issue.record("\(file): \"\(phrase)\" is retired (\(instead)): \(text.prefix(200))")
      }
    }
  }

  private static func isComment(_ line: some StringProtocol) -> Bool {
    line.drop { $0 == " " }.hasPrefix("//")
  }

  /// The text from the first quote of a line to the last, with what a `+` at the beginning of the next
  /// line adds; lines of `"""` blocks as they are; no comments.
  private static func literals(of lines: [some StringProtocol]) -> [String] {
    var literals: [String] = []
    var isBlock = false
    for line in lines {
      let trimmed = line.drop { $0 == " " }
      if String(trimmed).contains("\"\"\"") {
        if String(trimmed).split(separator: "\"\"\"", omittingEmptySubsequences: false).count == 2 {
          isBlock.toggle()
        }
      } else if isBlock {
        literals.append(String(trimmed))
      } else if !isComment(line), let first = trimmed.firstIndex(of: "\""),
        let last = trimmed.lastIndex(of: "\""), first < last
      {
        let text = String(trimmed[trimmed.index(after: first)..<last])
        if trimmed.hasPrefix("+ "), let before = literals.popLast() {
          literals.append(before + text)
        } else {
          literals.append(text)
        }
      }
    }
    return literals
  }

  /// Whether the text has the phrase as words of their own, in small or capital letters.
  private static func contains(_ phrase: String, in text: String) -> Bool {
    let text = Array(text.lowercased().utf8)
    let phrase = Array(phrase.utf8)
    func isLetter(_ index: Int) -> Bool {
      text.indices.contains(index) && (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(text[index])
    }
    guard text.count >= phrase.count else { return false }
    return (0...text.count - phrase.count).contains { start in
      text[start] == phrase[0] && text[start..<start + phrase.count].elementsEqual(phrase)
        && !isLetter(start - 1) && !isLetter(start + phrase.count)
    }
  }
}
