import TestSupport
import Testing

/// What documents name exists, so that they do not rot.
struct DocumentTests {
  private static let documents =
    ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"]
    + Repository.files(under: "Sources", "Scripts", "Fixtures", "Tests")
    .filter { $0.hasSuffix(".md") }

  @Test func theReadmeIsShort() {
    #expect(Repository.read("README.md").count <= 12_288)
    #expect(Self.documents.count >= 8)
  }

  @Test(arguments: documents)
  func linksLeadSomewhere(document: String) {
    let folder = document.split(separator: "/").dropLast().joined(separator: "/")
    for target in linkTargets(in: text(of: document)) where !target.contains("://") {
      let parts = target.split(separator: "#", omittingEmptySubsequences: false).map(String.init)
      let path = parts[0].isEmpty ? document : resolved(parts[0], from: folder)
      #expect(exists(path), "\(document) links to \(target)")
      if parts.count > 1, exists(path) {
        #expect(anchors(of: path).contains(parts[1]), "\(document) links to \(target)")
      }
    }
  }

  /// Those from the package's folder on, which stand in the text as code.
  @Test(arguments: documents)
  func pathsExist(document: String) {
    let folders = ["Sources/", "Tests/", "Fixtures/", "Scripts/", "Fuzz/"]
    // Not a path: something else is to be put in.
    let placeholders = ["*", "…"]
    for code in codeSpans(in: text(of: document)) {
      let path = String(code.prefix { $0 != " " && $0 != "\n" })
      guard folders.contains(where: { path.hasPrefix($0) }),
        !placeholders.contains(where: { path.contains($0) })
      else { continue }
      #expect(exists(path), "\(document) names \(path)")
    }
  }

  /// Words of code in the documents of the sources: types, members, functions in C, files and folders.
  @Test(arguments: documents.filter { $0.hasPrefix("Sources/") })
  func namesExist(document: String) {
    let known = Self.known
    for code in codeSpans(in: text(of: document))
    where code.utf8.allSatisfy({ isPartOfName($0) || $0 == UInt8(ascii: ".") }) {
      if known.contains(code) || exists(code) { continue }
      let names = code.split(separator: ".").map(String.init)
      #expect(names.allSatisfy { known.contains($0) }, "\(document) names \(code)")
    }
  }

  @Test func theArchitectureNamesEveryModule() {
    let words = text(of: "Sources/README.md").split { !$0.isLetter }
    for module in Repository.entries(in: "Sources") where module.isFolder {
      #expect(
        words.contains { $0 == module.name }, "Sources/README.md does not name \(module.name)")
    }
  }

  /// The picture is a capture, and stays one.
  @Test func theViewInTheReadmeIsTheCapturedOne() {
    let readme = Repository.lines(of: "README.md")
    let picture = readme.drop { !$0.hasPrefix("▶ running") }.prefix { $0 != "```" }
    let captured = Repository.lines(of: "Fixtures/Transcripts/usual.txt")
    let frame = captured.drop { !$0.hasPrefix("▶ running") }.prefix { !$0.isEmpty }
    #expect(picture.count > 5)
    #expect(Array(picture) == Array(frame))
  }

  /// Words that were replaced, or that do not say what acts (`Sources/README.md`, glossary).
  @Test(arguments: documents.filter { $0 != "CHANGELOG.md" })
  func retiredWordsStayRetired(document: String) {
    let retired: Set<String> = ["oracle", "oracles", "chronicle", "somebody", "nobody", "whoever"]
    let words = text(of: document).lowercased().split { !$0.isLetter }.map(String.init)
    #expect(words.filter { retired.contains($0) } == [])
  }

  @Test func partsAreFound() {
    let text = "A [link](a/b.md#c), `code`, and [two](d)\n```\n[no](x) `y`\n```\n`end`"
    #expect(linkTargets(in: text) == ["a/b.md#c", "d"])
    #expect(codeSpans(in: text) == ["code", "end"])
    #expect(resolved("../d/./e.md", from: "a/b") == "a/d/e.md")
    #expect(resolved("e.md", from: "") == "e.md")
  }

  /// All names in the sources, and of their files and folders.
  private static let known: Set<String> = {
    var names: Set<String> = []
    for path in Repository.files(under: "Sources") {
      names.formUnion(path.split(separator: "/").map(String.init))
      guard [".swift", ".c", ".h"].contains(where: { path.hasSuffix($0) }) else { continue }
      for name in Repository.read(path).split(whereSeparator: { !isPartOfName($0) }) {
        names.insert(String(decoding: name, as: UTF8.self))
      }
    }
    return names
  }()
}

private func text(of document: String) -> String {
  String(decoding: Repository.read(document), as: UTF8.self)
}

/// The text without its blocks of code.
private func prose(_ text: String) -> [Substring] {
  let parts = text.split(separator: "```", omittingEmptySubsequences: false)
  return parts.indices.filter { $0 % 2 == 0 }.map { parts[$0] }
}

/// What is between single backticks.
private func codeSpans(in text: String) -> [String] {
  prose(text).flatMap { prose in
    let parts = prose.split(separator: "`", omittingEmptySubsequences: false)
    return parts.indices.filter { $0 % 2 == 1 }.map { String(parts[$0]) }
  }
}

/// What stands in the parentheses of `[text](target)`.
private func linkTargets(in text: String) -> [String] {
  prose(text).flatMap { prose in
    prose.split(separator: "](", omittingEmptySubsequences: false).dropFirst().map { rest in
      String(rest.prefix { $0 != ")" })
    }
  }
}

/// The headings of a document, as links name them.
private func anchors(of document: String) -> [String] {
  Repository.lines(of: document).filter { $0.hasPrefix("#") }.map { line in
    let title = line.drop { $0 == "#" || $0 == " " }.lowercased()
    return String(title.filter { $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" })
      .split(separator: " ", omittingEmptySubsequences: false).joined(separator: "-")
  }
}

/// A path that is relative to a folder, from the package's folder on.
private func resolved(_ path: String, from folder: String) -> String {
  var parts = folder.split(separator: "/")
  for part in path.split(separator: "/") {
    switch part {
    case ".": continue
    case "..": _ = parts.popLast()
    default: parts.append(part)
    }
  }
  return parts.joined(separator: "/")
}

private func exists(_ path: String) -> Bool {
  let parts = path.split(separator: "/").map(String.init)
  guard let name = parts.last else { return true }
  let folder = parts.dropLast().joined(separator: "/")
  return Repository.entries(in: folder).contains { $0.name == name }
}

private func isPartOfName(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
    true
  default: false
  }
}
