package import FlowCommandLine

/// What is completed on a command line of `flow`, by the syntax of its commands.
package enum CompletionRequest: Equatable, Sendable {
  /// Words that are known, those that begin with what is typed.
  case words([Candidate])
  case files
  /// - Parameter prefix: before each id, such as `--step=`.
  case runs(prefix: String, typed: String)
  case steps(Source, prefix: String, typed: String)
  /// `NAME=VALUE`
  case parameters(file: String, prefix: String, typed: String)

  /// Whose steps they are.
  package enum Source: Equatable, Sendable {
    case run(String)
    case file(String)
  }

  package struct Candidate: Equatable, Sendable {
    package let text: String
    package let meaning: String

    package init(_ text: String, _ meaning: String = "") {
      self.text = text
      self.meaning = meaning
    }
  }

  /// - Parameters:
  ///   - words: after the program's name; the last one is completed, and may be empty.
  ///   - commands: of the program.
  package init(_ words: [String], _ commands: [CommandSyntax]) {
    guard let first = words.first, words.count > 1 else {
      let names = commands.map { Candidate($0.name ?? "", $0.purpose) }
      let options = [Option.help, .version].map { Candidate($0.spelling, $0.help) }
      let typed = words.first ?? ""
      self = Self.beginning(with: typed, typed.hasPrefix("-") ? options : names)
      return
    }
    guard let syntax = commands.first(where: { $0.name == first }) else {
      self = .words([])
      return
    }
    self = Line(words.dropFirst(), syntax).request(commands)
  }

  static func beginning(with typed: String, _ candidates: [Candidate]) -> Self {
    .words(candidates.filter { $0.text.utf8.starts(with: typed.utf8) })
  }
}

/// What is typed so far of a command.
private struct Line {
  private let syntax: CommandSyntax
  private var positional: [String] = []
  private var given: Set<String> = []
  private var takesOptions = true
  /// The option that the last word is the value of.
  private var pending: Option?
  private let last: String

  init(_ words: ArraySlice<String>, _ syntax: CommandSyntax) {
    self.syntax = syntax
    last = words.last ?? ""
    for word in words.dropLast() { take(word) }
  }

  private mutating func take(_ word: String) {
    if pending != nil {
      pending = nil
    } else if !takesOptions || !word.hasPrefix("-") || word == "-" {
      positional.append(word)
    } else if word == "--" {
      takesOptions = false
    } else if word.hasPrefix("--") {
      let name = String(word.unicodeScalars.dropFirst(2).prefix { $0 != "=" })
      note(
        syntax.options.first { $0.name == name }, isAttached: word.utf8.contains(UInt8(ascii: "=")))
    } else {
      var letters = word.unicodeScalars.dropFirst()
      while let letter = letters.popFirst() {
        let option = syntax.options.first { $0.short == Character(letter) }
        note(option, isAttached: !letters.isEmpty)
        if option?.placeholder != nil { break }
      }
    }
  }

  private mutating func note(_ option: Option?, isAttached: Bool) {
    guard let option else { return }
    given.insert(option.name)
    if option.placeholder != nil && !isAttached { pending = option }
  }

  func request(_ commands: [CommandSyntax]) -> CompletionRequest {
    if let pending { return value(of: pending, prefix: "", typed: last) }
    guard takesOptions, last.hasPrefix("-") else { return argument(commands) }
    if last.hasPrefix("--"), let equals = last.unicodeScalars.firstIndex(of: "=") {
      let name = String(last.unicodeScalars[..<equals].dropFirst(2))
      guard let option = syntax.options.first(where: { $0.name == name }) else { return .words([]) }
      let typed = last.unicodeScalars[equals...].dropFirst()
      return value(of: option, prefix: "--\(name)=", typed: String(typed))
    }
    let options = syntax.options.filter { $0.isRepeatable || !given.contains($0.name) }
    return .beginning(
      with: last, options.map { CompletionRequest.Candidate($0.spelling, $0.help) })
  }

  private func value(of option: Option, prefix: String, typed: String) -> CompletionRequest {
    if !option.words.isEmpty {
      return .beginning(
        with: prefix + typed, option.words.map { CompletionRequest.Candidate(prefix + $0) })
    }
    return request(for: option.placeholder ?? "", prefix: prefix, typed: typed)
  }

  private func argument(_ commands: [CommandSyntax]) -> CompletionRequest {
    guard let last = syntax.arguments.last else { return .words([]) }
    let isWithin = positional.count < syntax.arguments.count
    guard isWithin || last.count == .many || last.count == .any else { return .words([]) }
    let argument = isWithin ? syntax.arguments[positional.count] : last
    if argument.name == "COMMAND" {
      return .beginning(
        with: self.last,
        commands.map { CompletionRequest.Candidate($0.name ?? "", $0.purpose) })
    }
    if !argument.words.isEmpty {
      return .beginning(
        with: self.last, argument.words.map { CompletionRequest.Candidate($0) })
    }
    return request(for: argument.name, prefix: "", typed: self.last)
  }

  private func steps(prefix: String, typed: String) -> CompletionRequest {
    let isOfFile = syntax.arguments.first?.name == "FILE"
    guard let first = positional.first else {
      return isOfFile ? .words([]) : .steps(.run("latest"), prefix: prefix, typed: typed)
    }
    return .steps(isOfFile ? .file(first) : .run(first), prefix: prefix, typed: typed)
  }

  /// - Parameter name: of an argument, or the placeholder of an option.
  private func request(for name: String, prefix: String, typed: String) -> CompletionRequest {
    switch name {
    case "FILE": return .files
    case "RUN": return .runs(prefix: prefix, typed: typed)
    case "RUN_OR_PATH":
      return typed.hasPrefix(".") || typed.contains("/")
        ? .files : .runs(prefix: prefix, typed: typed)
    case "STEP": return steps(prefix: prefix, typed: typed)
    case "STEPS":
      // Several, with commas between them: the last one is completed.
      guard let comma = typed.utf8.lastIndex(of: UInt8(ascii: ",")) else {
        return steps(prefix: prefix, typed: typed)
      }
      let last = typed.utf8.index(after: comma)
      return steps(prefix: prefix + typed[..<last], typed: String(typed[last...]))
    case "NAME=VALUE":
      guard let file = positional.first else { return .words([]) }
      return .parameters(file: file, prefix: prefix, typed: typed)
    default: return .words([])
    }
  }
}
