import FlowSystem

/// What a build makes, computed without flow: each step is a function of what it declares.
struct BuildModel {
  enum Kind {
    /// The digest of all that it reads.
    case digest
    /// Only how long that is, so that most changes of it change nothing.
    case size
  }

  struct Step {
    var kind: Kind
    /// Sources, and steps before it whose files it reads.
    var sources: [Int]
    var made: [Int]
    /// A step before it whose value is an argument.
    var told: Int?
    /// A part of its command.
    var salt: Int
    /// A variable.
    var mode: Int
  }

  var steps: [Step]
  /// By source, its content.
  var sources: [Int]

  init(_ dice: inout Dice, steps count: Int) {
    sources = (0..<max(2, count / 4)).map { _ in dice.below(3) }
    steps = []
    for index in 0..<count {
      steps.append(
        Step(
          kind: dice.happens(30) ? .size : .digest,
          sources: (0..<dice.below(4)).map { _ in dice.below(sources.count) },
          made: index == 0 ? [] : (0..<dice.below(4)).map { _ in dice.below(index) },
          told: index > 0 && dice.happens(30) ? dice.below(index) : nil, salt: 0, mode: 0))
    }
  }

  static func text(ofSource version: Int) -> String { "version \(version)\n" }

  /// The content of each step's file.
  func contents() -> [String] {
    var contents: [String] = []
    for step in steps { contents.append(content(of: step, contents)) }
    return contents
  }

  private func content(of step: Step, _ contents: [String]) -> String {
    var read =
      "\(step.salt) \(step.mode) \(step.told.map { Self.value(of: contents[$0]) } ?? "-")\n"
    for source in Set(step.sources).sorted() { read += Self.text(ofSource: sources[source]) }
    for made in Set(step.made).sorted() { read += contents[made] }
    switch step.kind {
    case .digest: return "\(ResultFile.digest(Array(read.utf8)))\n"
    case .size: return "\(read.utf8.count)\n"
    }
  }

  /// What a step puts out besides its file.
  private static func value(of content: String) -> String {
    String(content.prefix(3).prefix { $0 != "\n" })
  }

  /// All that decides what a step makes, as a text: its key.
  func keys() -> [String] {
    let contents = contents()
    return steps.map { step in
      "\(step.kind) \(step.salt) \(step.mode)"
        + " \(Set(step.sources).sorted().map { "\($0)=\(sources[$0])" })"
        + " \(Set(step.made).sorted().map { "\($0)=\(contents[$0])" })"
        + " \(step.told.map { "\($0)=\(Self.value(of: contents[$0]))" } ?? "")"
    }
  }

  /// The workflow that builds it.
  var definition: String {
    let lines = steps.enumerated().map { index, step in
      let reads =
        Set(step.sources).sorted().map { "src/\($0)" } + Set(step.made).sorted().map { "out/\($0)" }
      let needs = Set(step.made + (step.told.map { [$0] } ?? [])).sorted().map { "\"s\($0)\"" }
      let made = step.kind == .digest ? "sha256sum | cut -d ' ' -f 1" : "wc -c"
      let script =
        "echo \(index) >> ran; { echo \"\(step.salt) $MODE $0\";"
        + (reads.isEmpty ? "" : " cat \(reads.joined(separator: " "));")
        + " } | \(made) > \"$FLOW_STAGE/out/\(index)\";"
        + " head -c 3 \"$FLOW_STAGE/out/\(index)\" > \"$FLOW_OUTPUTS/v\""
      let told = step.told.map { "${steps.s\($0).v}" } ?? "-"
      return """
        {"id": "s\(index)", "cache": true, "needs": [\(needs.joined(separator: ", "))],
         "inputs": [\(reads.map { "\"\($0)\"" }.joined(separator: ", "))], "files": ["out/\(index)"],
         "outputs": {"v": "string"}, "env": {"MODE": "\(step.mode)"},
         "run": ["sh", "-ec", \(Self.quoted(script)), "\(told)"]}
        """
    }
    return "{\"name\": \"build\", \"steps\": [\n\(lines.joined(separator: ",\n"))\n]}\n"
  }

  private static func quoted(_ text: String) -> String {
    "\"\(text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\""))\""
  }
}
