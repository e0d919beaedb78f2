import FlowCommands
import FlowMemoryStorage
import FlowRuntime
import FlowStorage
import TestSupport
import Testing

/// The logs in `Fixtures/Logs/Damaged`, each with what `flow verify` says of it beside it.
/// `FLOW_UPDATE=1` makes what is missing, as for `GoldenLogTests`.
struct DamagedLogTests {
  private static let names = DamagedLog.all.map(\.name)

  @Test(arguments: names)
  func whatIsWrongIsSaid(name: String) throws {
    let log = try #require(DamagedLog.all.first { $0.name == name })
    let folder = "Logs/Damaged/\(name)"
    if FixtureUpdate.isWanted {
      try FixtureUpdate.addLog(folder) {
        let storage = MemoryFolder(fixture: "Logs/v1/\(log.golden)")
        try log.damage(storage)
        return storage.files
      }
    }
    let storage = MemoryFolder(fixture: folder)
    let report = try LogVerifier.verify(.log("log"), in: storage, bootID: "boot")
    #expect(report.verdict != .intact)
    let printer = VerdictPrinter(report, name: "log")
    FixtureUpdate.check(printer.text, "\(folder).txt")
    #expect(printer.json.contains("\"verdict\":\"\(report.verdict.rawValue)\""))
  }

  @Test func everyVerdictHasALog() {
    let verdicts = Self.names.map { name in
      TestFile.text("\(Fixtures.root)/Logs/Damaged/\(name).txt").prefix { $0 != "\n" }
    }
    for verdict in LogVerdict.allCases where verdict != .intact {
      #expect(verdicts.contains("log: \(verdict.rawValue)"), "\(verdict)")
    }
    #expect(verdicts.count >= 12)
  }

  @Test func everyLogIsListed() {
    let folders = Repository.entries(in: "Fixtures/Logs/Damaged").filter(\.isFolder).map(\.name)
    #expect(folders == Self.names.sorted())
  }
}
