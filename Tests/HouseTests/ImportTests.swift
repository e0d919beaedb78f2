import TestSupport
import Testing

/// Which module may know which. What a module may not import, it cannot depend on by mistake.
struct ImportTests {
  /// All that these may import, but for the standard library.
  @Test(arguments: [
    ("FlowCore", []),
    ("FlowText", []),
    ("FlowDefinition", ["CYAML", "FlowCore", "FlowText"]),
    ("FlowStorage", []),
    ("FlowPublication", ["FlowStorage"]),
    ("FlowLog", ["CZlib", "FlowStorage"]),
    ("FlowCache", ["FlowCore", "FlowPublication", "FlowStorage"]),
    ("FlowRuntime", ["CMonitor", "FlowCache", "FlowCore", "FlowLog", "FlowStorage", "FlowText"]),
    (
      "FlowSimulation",
      [
        "CMonitor", "FlowCache", "FlowCore", "FlowLog", "FlowPublication", "FlowRuntime",
        "FlowStorage",
      ]
    ),
  ])
  func pureModulesImportNoOthersThan(module: String, allowed: [String]) {
    #expect(imports(ofModule: module).filter { !allowed.contains($0.module) } == [])
  }

  @Test func onlyTheSimulatorKnowsTheSimulation() {
    let simulator = [
      "Sources/FlowSimulation", "Sources/FlowsimCommands", "Sources/flowsim", "Sources/FlowFuzzing",
    ]
    let others = Repository.entries(in: "Sources").map(\.path).filter { !simulator.contains($0) }
    #expect(others.count > simulator.count)
    let found = imports(in: others.flatMap { Repository.files(under: $0) })
    #expect(found.filter { $0.module == "FlowSimulation" } == [])
  }

  /// It would more than double the executables, and what it does behind its calls is not ours to say.
  @Test func foundationIsNowhere() {
    let found = imports(in: Repository.files(under: "Sources", "Tests"))
    #expect(found.filter { $0.module.hasPrefix("Foundation") } == [])
  }

  @Test(arguments: [
    ("import Glibc", "Glibc"),
    ("package import FlowCore", "FlowCore"),
    ("@testable import FlowLog // why", "FlowLog"),
    ("  @preconcurrency internal import struct Foundation.Date;", "Foundation"),
    ("import\tfunc Glibc.open", "Glibc"),
  ])
  func importsAreFound(line: String, module: String) {
    #expect(importedModule(in: Substring(line)) == module)
  }

  @Test(arguments: ["// import Glibc", "let important = 1", "important()", "", "f(import: Glibc)"])
  func otherLinesAreNotTakenForImports(line: String) {
    #expect(importedModule(in: Substring(line)) == nil)
  }
}

private struct Import: Equatable, CustomStringConvertible {
  let path: String
  let module: String

  var description: String { "\(path) imports \(module)" }
}

private func imports(ofModule module: String) -> [Import] {
  let files = Repository.files(under: "Sources/\(module)")
  #expect(!files.isEmpty, "no module \(module)")
  return imports(in: files)
}

private func imports(in files: [String]) -> [Import] {
  files.filter { $0.hasSuffix(".swift") }.flatMap { path in
    Repository.lines(of: path).compactMap { line in
      importedModule(in: line).map { Import(path: path, module: $0) }
    }
  }
}

/// The module that a line of source imports: `[@attribute…] [access] import [kind] Module[.name]`.
private func importedModule(in line: Substring) -> String? {
  let words = line.split { $0 == " " || $0 == "\t" || $0 == ";" }
  guard let keyword = words.firstIndex(of: "import"), keyword + 1 < words.count else { return nil }
  let modifiers = ["public", "package", "internal", "fileprivate", "private"]
  guard words[..<keyword].allSatisfy({ $0.hasPrefix("@") || modifiers.contains(String($0)) }) else {
    return nil
  }
  let kinds = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
  let first = words[keyword + 1]
  let name = kinds.contains(String(first)) ? words.dropFirst(keyword + 2).first : first
  return name.map { String($0.prefix { $0 != "." }) }
}
