import FlowCore
import FlowRuntime
import FlowStorage
import Testing

@testable import FlowSimulation

/// A run that can be seen is whole, and one that could not be created leaves nothing behind.
struct RunCreationTests {
  /// How many operations the creation of a run takes.
  private func operations() throws -> Int {
    let harness = Harness()
    var count = 0
    harness.world.storage.decide = { _, _ in
      count += 1
      return .done
    }
    _ = try harness.create()
    return count
  }

  @Test(arguments: [Errno.noSpace, .inputOutput])
  func aFailureAtAnyOperationLeavesNothing(errno: Errno) throws {
    let count = try operations()
    #expect(count > 15)
    for fatal in 1...count {
      let harness = Harness()
      var operation = 0
      harness.world.storage.decide = { _, _ in
        operation += 1
        return operation == fatal ? .refused(errno) : .done
      }
      #expect(throws: RunError.self, "operation \(fatal)") { _ = try harness.create() }
      let left = try harness.names().filter { !"/home/state/flow/runs".hasPrefix($0) }
      #expect(left == [], "operation \(fatal)")
      // The next attempt finds nothing in its way.
      _ = try harness.create()
    }
  }

  @Test(arguments: [Fate.stop, .powerLossKeepingAll, .powerLoss])
  func aDeathAtAnyOperationLeavesNoRunOrAWholeOne(fate: Fate) throws {
    var (none, whole) = (0, 0)
    for fatal in 1...(try operations() + 1) {
      let harness = Harness()
      var operation = 0
      // From the death on nothing that the process does has any effect.
      harness.world.storage.decide = { _, _ in
        operation += 1
        return operation >= fatal ? .refused(.inputOutput) : .done
      }
      _ = try? harness.create()
      harness.world.storage.decide = { _, _ in .done }
      harness.world.replaceEngine()
      switch fate {
      case .stop: break
      case .powerLossKeepingAll: harness.world.storage.losePower { $1 - 1 }
      case .powerLoss: harness.world.storage.losePower { _, _ in 0 }
      }
      if try harness.home.contains("run") {
        whole += 1
        #expect(try harness.home.list() == ["run"])
        #expect(try harness.read().map(\.body.kind).starts(with: [.runCreated, .definitionPart]))
        #expect(try harness.drive(by: 2))
      } else {
        none += 1
        #expect(try harness.home.list() == [])
        _ = try harness.create(by: 3)
      }
    }
    #expect(none > 10 && whole > 0)
  }

  enum Fate { case stop, powerLossKeepingAll, powerLoss }

  /// An earlier creator died between making the home and syncing its name.
  @Test func aHomeThatWasNotSyncedIsSynced() throws {
    let harness = Harness()
    for path in ["/home", "/home/state", "/home/state/flow", "/home/state/flow/runs"] {
      if path != "/home" { try harness.world.storage.syncDirectory("/") }
      try harness.world.storage.makeDirectory(path)
      if path != "/home/state/flow/runs" {
        let parent = path.split(separator: "/").dropLast().joined(separator: "/")
        try harness.world.storage.syncDirectory("/\(parent)")
      }
    }
    _ = try harness.create()
    harness.world.storage.losePower { _, _ in 0 }
    #expect(try harness.home.contains("run"))
  }

  @Test func aTakenNameIsRefusedAndLeftAlone() throws {
    let harness = Harness()
    _ = try harness.create()
    let before = try harness.names()
    #expect(throws: RunError.runExists("run")) { _ = try harness.create(by: 2) }
    #expect(try harness.names() == before)
  }
}
