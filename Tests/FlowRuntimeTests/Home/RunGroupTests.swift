import FlowCore
import FlowStorage
import Testing

@testable import FlowRuntime
@testable import FlowSimulation

/// One run of a group at a time, however its processes begin and end.
struct RunGroupTests {
  private let storage = SimulatedStorage()
  private var home: RunHome<SimulatedStorage> { RunHome("/home", in: storage) }
  private var group: RunGroup<SimulatedStorage> { RunGroup("nightly", in: home) }

  private func admit(
    _ run: String, _ ticket: RunGroup<SimulatedStorage>.Ticket? = nil,
    hasCommands: (String) -> Bool = { _ in false }
  ) throws -> RunGroup<SimulatedStorage>.Membership? {
    let admission = try group.admit(run, ticket, hasCommands: hasCommands)
    return if case .admitted(let membership) = admission { membership } else { nil }
  }

  @Test func oneRunIsAdmittedAndTheNextLearnsWhichItIs() throws {
    let first = try #require(try admit("one"))
    guard case .taken(by: "one") = try group.admit("two", hasCommands: { _ in false })
    else {
      Issue.record("two runs are admitted")
      return
    }
    #expect(try group.livingRun() == "one")
    // Its own run may be resumed.
    #expect(try admit("one") != nil)
    withExtendedLifetime(first) {}
    #expect(try group.lastRun() == "one")
  }

  @Test func groupsOfOtherNamesAreOthers() throws {
    let first = try #require(try admit("one"))
    let names = [
      "Nightly", "nightly.gate", "nightly/x", "", "..", String(repeating: "n", count: 300),
    ]
    for name in names {
      let other = RunGroup(name, in: home)
      guard case .admitted(let membership) = try other.admit("two", hasCommands: { _ in false })
      else {
        Issue.record("\(name) is taken")
        continue
      }
      #expect(try other.livingRun() == "two")
      withExtendedLifetime(membership) {}
    }
    withExtendedLifetime(first) {}
  }

  /// Everything that watched it was killed.
  @Test func aCommandThatNothingWatchesKeepsTheGroup() throws {
    do { _ = try #require(try admit("one")) }
    #expect(try group.livingRun() == nil)
    #expect(try admit("two", hasCommands: { $0 == "one" }) == nil)
    #expect(try group.lastRun() == "one")
    // The run itself is resumed, which kills the command.
    #expect(try admit("one", hasCommands: { $0 == "one" }) != nil)
    #expect(try admit("two", hasCommands: { _ in false }) != nil)
  }

  /// As a launcher and monitors do, whose engine was killed.
  @Test func whatHasInheritedTheLockKeepsTheGroup() throws {
    do {
      let first = try #require(try admit("one"))
      storage.share(first.handle, with: 7)
    }
    #expect(try admit("two") == nil)
    storage.closeAll(of: 7)
    #expect(try group.livingRun() == nil)
    #expect(try admit("two") != nil)
  }

  @Test func theFirstThatWaitsIsAdmittedFirst() throws {
    var first = try admit("one")
    let (two, three) = (try #require(try group.queueUp()), try #require(try group.queueUp()))
    #expect(try admit("three", three) == nil)
    withExtendedLifetime(first) {}
    first = nil
    #expect(try admit("four") == nil)
    #expect(try admit("three", three) == nil)
    let second = try #require(try admit("two", two))
    #expect(try admit("three", three) == nil)
    withExtendedLifetime(second) {}
  }

  /// It is what `onConflict: resume` resumes.
  @Test func thePowerLossForgetsNotWhichRunItWas() throws {
    let first = try #require(try admit("one"))
    let home = RunHome("/home", in: storage.leastRemains())
    #expect(try RunGroup("nightly", in: home).lastRun() == "one")
    #expect(try RunGroup("nightly", in: home).livingRun() == nil)
    withExtendedLifetime(first) {}
  }

  /// Its file is still there, and nobody locks it.
  @Test func whoIsGoneIsNotWaitedFor() throws {
    do { _ = try #require(try group.queueUp()) }
    #expect(try storage.entries(of: "/home/groups/nightly.queue").count == 1)
    #expect(try admit("two") != nil)
    #expect(try storage.entries(of: "/home/groups/nightly.queue") == [])
  }

  /// Several starters at once, each of whose operations may come between those of another, and
  /// each of which may die anywhere.
  @Test func neverDoTwoRunsOfAGroupLive() {
    var (admitted, refused, resumed, orphaned) = (0, 0, 0, 0)
    for seed in 1...1_500 as ClosedRange<UInt64> {
      let world = GroupWorld(seed: seed)
      world.play(120)
      #expect(world.violations == [], "seed \(seed)")
      admitted += world.admitted
      refused += world.refused
      resumed += world.resumedBesideSurvivors
      orphaned += world.refusedForOrphans
    }
    #expect(
      admitted > 3_000 && refused > 3_000 && resumed > 100 && orphaned > 100,
      "\(admitted) \(refused) \(resumed) \(orphaned)")
  }
}
