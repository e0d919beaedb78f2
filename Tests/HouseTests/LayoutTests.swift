import TestSupport
import Testing

/// Where things are, and how large they get.
struct LayoutTests {
  /// Hidden entries are left out: they belong to tools.
  @Test func topLevelHoldsWhatWasAgreed() {
    let agreed = [
      "CHANGELOG.md", "CONTRIBUTING.md", "Fixtures", "Fuzz", "Package.swift", "README.md",
      "Scripts",
      "Sources", "Tests",
    ]
    let found = Repository.entries(in: "").map(\.path)
    #expect(found.filter { !agreed.contains($0) && !$0.hasPrefix("LICENSE") } == [])
  }

  @Test func filesFitAMind() {
    let files = Repository.files(under: "Sources", "Tests", "Scripts", "Fuzz")
      .filter { path in [".swift", ".c", ".h", ".sh", ".awk"].contains { path.hasSuffix($0) } }
    #expect(files.count > 50)
    #expect(files.filter { Repository.lines(of: $0).count > 500 } == [])
  }

  /// Scripts have no extension: what has one is read by a script, or by people.
  @Test func scriptsCanBeRun() {
    let scripts = Repository.entries(in: "Scripts") + Repository.entries(in: ".ci")
    #expect(scripts.contains { $0.path == ".ci/run" })
    for script in scripts where !script.isFolder {
      let hasExtension = [".sh", ".awk", ".md"].contains { script.path.hasSuffix($0) }
      #expect(script.isExecutable != hasExtension, "\(script.path)")
    }
  }

  @Test func everyScriptSaysWhatItDoes() {
    for script in Repository.entries(in: "Scripts")
    where !script.isFolder && !script.path.hasSuffix(".md") {
      let lines = Repository.lines(of: script.path)
      #expect(lines.count > 1 && lines[0].hasPrefix("#"), "\(script.path)")
      #expect(lines.count > 1 && lines[1].hasPrefix("# "), "\(script.path)")
    }
  }
}
